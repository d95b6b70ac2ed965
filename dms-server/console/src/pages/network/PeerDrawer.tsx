/** All that is known of a device, what others reported of it, and revoking it. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, Code, Group, Stack, Table, Text } from '@mantine/core';
import { IconBan, IconThumbUp } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Device } from '~/api/devices';
import { api, ask, toApiError } from '~/api/client';
import { CopyButton } from '~/parts/CopyButton';
import { ErrorState } from '~/parts/ErrorState';
import { bytes } from '~/parts/format';
import { Loading } from '~/parts/Loading';
import { Notice } from '~/parts/Notice';
import { useProblemText } from '~/parts/problem-text';
import { Time } from '~/parts/Time';
import { SideDrawer } from '~/parts/SideDrawer';
import { done, failed, undoable } from '~/parts/toast';
import { useMay } from '~/session/session';

interface Props {
  readonly device: Device | null;
  readonly siteNames: ReadonlyMap<string, string>;
  readonly close: () => void;
  readonly hide: (id: string) => void;
  readonly show: (id: string) => void;
}

export function PeerDrawer({ device, siteNames, close, hide, show }: Props) {
  return (
    <SideDrawer
      opened={device !== null}
      onClose={close}
      title={device?.name ?? ''}
    >
      {device && <Facts device={device} siteNames={siteNames} close={close} hide={hide} show={show} />}
    </SideDrawer>
  );
}

function Facts({ device, siteNames, close, hide, show }: Props & { device: Device }) {
  const { t, i18n } = useLingui();
  const mayRevoke = useMay('devices');
  const client = useQueryClient();
  const problemText = useProblemText();
  const { id, name, peer, reported } = device;
  const refresh = () => client.invalidateQueries({ queryKey: ['devices'] });
  const attempt = async (act: () => Promise<unknown>, failure: (why: string) => string) => {
    try {
      await act();
      await refresh();
    } catch (error) {
      const problem = toApiError(error);
      failed(failure(`${problemText(problem)} (${problem.code})`));
    }
  };
  const params = { path: { device: id } };
  const revoke = () => {
    undoable({
      message: <Trans>{name} is being revoked.</Trans>,
      act: () =>
        void attempt(
          () => ask(api.DELETE('/api/v1/devices/{device}', { params, keepalive: true })),
          (why) => t`${name} was not revoked. ${why}`,
        ).finally(() => show(id)),
      hide: () => hide(id),
      show: () => show(id),
    });
    close();
  };
  const pardon = () =>
    attempt(
      async () => {
        await ask(api.POST('/api/v1/devices/{device}/pardon', { params }));
        done(<Trans>{name} was pardoned.</Trans>);
      },
      (why) => t`${name} was not pardoned. ${why}`,
    );
  const line = (label: string, value: ReactNode) => (
    <Table.Tr>
      <Table.Th w={150}>{label}</Table.Th>
      <Table.Td>{value}</Table.Td>
    </Table.Tr>
  );
  const site = peer?.site ? (siteNames.get(peer.site) ?? peer.site) : t`in no site`;
  return (
    <Stack>
      <Group gap={6} wrap="nowrap">
        <Code>{id}</Code>
        <CopyButton value={id} label={t`Copy the id`} />
      </Group>
      <Table variant="vertical" layout="fixed">
        <Table.Tbody>
          {line(t`Kind`, device.kind === 'player' ? t`Player` : t`Agent`)}
          {line(t`Enrolled`, <Time ms={device.enrolled_ms} />)}
          {line(t`Certificate ends`, <Time ms={device.certificate_expires_ms} />)}
          {line(t`Key kept by`, device.key_level ?? t`it does not say`)}
          {peer && line(t`Site`, site)}
          {peer && line(t`Address`, <Code>{peer.listen}</Code>)}
          {peer && line(t`Version`, peer.agent)}
          {peer && line(t`From the origin`, bytes(peer.from_origin_bytes, i18n.locale))}
          {peer && line(t`From peers`, bytes(peer.from_peers_bytes, i18n.locale))}
          {peer && line(t`Given to peers`, bytes(peer.to_peers_bytes, i18n.locale))}
          {peer && line(t`In its cache`, bytes(peer.cached_bytes, i18n.locale))}
        </Table.Tbody>
      </Table>
      {!peer && device.state === 'offline' && (
        <Notice kind="info">
          <Trans>It has no connection now. What it says of itself is shown while it is online.</Trans>
        </Notice>
      )}
      {reported && <Reports device={id} />}
      {mayRevoke && device.state !== 'revoked' && (
        <Group gap="xs" mt="xs">
          <Button variant="light" color="red" leftSection={<IconBan size={16} />} onClick={revoke}>
            <Trans>Revoke</Trans>
          </Button>
          {reported && (
            <Button variant="default" leftSection={<IconThumbUp size={16} />} onClick={() => void pardon()}>
              <Trans>Pardon</Trans>
            </Button>
          )}
        </Group>
      )}
      {mayRevoke && device.state !== 'revoked' && (
        <Text size="xs" c="dimmed">
          <Trans>A revoked PC is refused at its next request, and its peers shun it. To come back it enrols anew.</Trans>
        </Text>
      )}
    </Stack>
  );
}

function Reports({ device }: { device: string }) {
  const { t } = useLingui();
  const reports = useQuery({
    queryKey: ['devices', device, 'reports'],
    queryFn: () =>
      ask(
        api.GET('/api/v1/devices/{device}/reports', {
          params: { path: { device } },
        }),
      ),
  });
  if (reports.isPending) return <Loading rows={2} />;
  if (reports.isError) return <ErrorState error={reports.error} retry={reports.refetch} />;
  return (
    <Notice kind="warn" title={t`Others say that it sent wrong bytes`}>
      {reports.data.items.map(({ reporter, reporter_name: by, chunk, at_ms: ms }) => (
        <div key={reporter + chunk}>
          {by ?? reporter}, <Time ms={ms} />: <Code>{chunk.slice(0, 12)}</Code>
        </div>
      ))}
    </Notice>
  );
}
