/** A secret that is shown once. */

import { Trans } from '@lingui/react/macro';
import { Code, Group } from '@mantine/core';
import { CopyButton } from '~/parts/CopyButton';
import { Notice } from '~/parts/Notice';

export function Secret({ title, value, copy }: { title: string; value: string; copy: string }) {
  return (
    <Notice kind="ok" title={title}>
      <Group gap="sm" mt={4}>
        <Code data-secret style={{ overflowWrap: 'anywhere' }}>
          {value}
        </Code>
        <CopyButton wide value={value} label={copy} />
      </Group>
      <Trans>It is shown here and nowhere else. Keep it now.</Trans>
    </Notice>
  );
}
