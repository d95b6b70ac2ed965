/** A button that copies a text, and says that it did. */

import { useLingui } from '@lingui/react/macro';
import { ActionIcon, Button, Tooltip } from '@mantine/core';
import { useClipboard } from '@mantine/hooks';
import { IconCheck, IconCopy } from '@tabler/icons-react';

interface Props {
  readonly value: string;
  /** What it copies, for its tooltip and for screen readers. */
  readonly label: string;
  /** With its words beside the icon. */
  readonly wide?: boolean;
}

export function CopyButton({ value, label, wide = false }: Props) {
  const { t } = useLingui();
  const clipboard = useClipboard({ timeout: 2_000 });
  const said = clipboard.copied ? t`Copied` : label;
  const icon = clipboard.copied ? <IconCheck size={16} /> : <IconCopy size={16} />;
  const copy = () => clipboard.copy(value);
  if (wide) {
    return (
      <Button variant="default" size="xs" leftSection={icon} onClick={copy}>
        <span aria-live="polite">{said}</span>
      </Button>
    );
  }
  return (
    <Tooltip label={said}>
      <ActionIcon variant="subtle" color={clipboard.copied ? 'green' : 'gray'} aria-label={said} onClick={copy}>
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}
