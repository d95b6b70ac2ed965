/** How people sign in, as it is configured; and the lines that configure it. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Code, Stack, Table, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api, ask } from '~/api/client';
import { CopyButton } from '~/parts/CopyButton';
import { ErrorState } from '~/parts/ErrorState';
import { Loading } from '~/parts/Loading';
import { Panel } from '~/parts/Panel';
import { State } from '~/parts/State';

const LINES = `[oidc]
issuer = "https://login.example.com/realms/acme"
client_id = "dms"
client_secret_file = "/etc/dms/oidc.secret"
roles = ["dms-admins=owner", "dms-publishers=publisher"]
name = "ACME"
`;

export default function IdentityTab() {
  const { t } = useLingui();
  const options = useQuery({
    queryKey: ['session-options'],
    queryFn: () => ask(api.GET('/api/v1/session-options')),
  });
  if (options.isPending) return <Loading rows={4} />;
  if (options.isError) return <ErrorState error={options.error} retry={options.refetch} />;
  const { oidc, password } = options.data;
  const line = (label: string, value: ReactNode) => (
    <Table.Tr>
      <Table.Th w={220}>{label}</Table.Th>
      <Table.Td>{value}</Table.Td>
    </Table.Tr>
  );
  const yes = (is: boolean, name?: string) =>
    is ? (
      <State tone="ok">{name ?? <Trans>on</Trans>}</State>
    ) : (
      <State tone="quiet">
        <Trans>not configured</Trans>
      </State>
    );
  const copyable = (value: string) => (
    <span style={{ display: 'inline-flex', gap: 6, alignItems: 'center', maxWidth: '100%' }}>
      <Code style={{ overflowWrap: 'anywhere' }}>{value}</Code>
      <CopyButton value={value} label={t`Copy`} />
    </span>
  );
  return (
    <Stack gap="lg">
      <Panel title={t`How people sign in`}>
        <Table variant="vertical">
          <Table.Tbody>
            {line(t`Name and password`, yes(password))}
            {line(t`The company's directory (OpenID Connect)`, yes(Boolean(oidc), oidc?.name))}
            {line(t`Redirect URI for the provider`, copyable(`${location.origin}/session/oidc/callback`))}
            {line(t`SCIM address for the directory`, copyable(`${location.origin}/scim/v2`))}
          </Table.Tbody>
        </Table>
      </Panel>
      <Panel title={t`The lines that configure it`} actions={<CopyButton wide value={LINES} label={t`Copy`} />}>
        <Stack gap="sm">
          <Text size="sm" c="dimmed">
            <Trans>
              They stand in the server's configuration file, and hold after its next start. The console shows them and
              does not change them. The operations manual has a table for Entra ID, Okta and Keycloak.
            </Trans>
          </Text>
          <Code block tabIndex={0} aria-label={t`The lines that configure it`}>
            {LINES}
          </Code>
        </Stack>
      </Panel>
    </Stack>
  );
}
