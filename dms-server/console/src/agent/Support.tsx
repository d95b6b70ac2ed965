/** The support bundle. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, Text } from '@mantine/core';
import { IconFileZip } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { Notice } from '~/parts/Notice';
import { Panel } from '~/parts/Panel';
import { agent } from './api';
import { Failed } from './Failed';

const NAME = 'edge-peer-support.zip';

function save(bundle: Blob): void {
  const url = URL.createObjectURL(bundle);
  const link = document.createElement('a');
  link.href = url;
  link.download = NAME;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

export function Support() {
  const { t } = useLingui();
  const bundle = useMutation({ mutationFn: agent.bundle, onSuccess: save });
  const action = (
    <Button
      size="xs"
      variant="default"
      leftSection={<IconFileZip size={14} />}
      loading={bundle.isPending}
      onClick={() => bundle.mutate()}
    >
      <Trans>Download support bundle</Trans>
    </Button>
  );
  return (
    <Panel title={t`Support`} actions={action}>
      <Text c="dimmed" size="sm">
        <Trans>
          A ZIP file for your IT: state, tests, settings and the end of the log. Names of people, PCs, offices and
          companies, keys and titles are left out. Nothing is sent; you pass it on.
        </Trans>
      </Text>
      <div aria-live="polite">
        {bundle.isSuccess && (
          <Notice kind="ok">
            <Trans>{NAME} was saved.</Trans>
          </Notice>
        )}
      </div>
      <Failed error={bundle.error} />
    </Panel>
  );
}
