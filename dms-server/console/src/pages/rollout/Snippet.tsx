/** Lines to be copied into a terminal or a file. */

import { useLingui } from '@lingui/react/macro';
import { Button, Code, Group, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { CopyButton } from '~/parts/CopyButton';
import { download } from '~/parts/csv';
import classes from './Snippet.module.css';

interface Props {
  /** What it is, or where it goes. */
  readonly label: string;
  readonly text: string;
  /** Its file name, where it is a file. */
  readonly file?: { readonly name: string; readonly type: string };
}

export function Snippet({ label, text, file }: Props) {
  const { t } = useLingui();
  return (
    <figure className={classes.snippet}>
      <figcaption className={classes.head}>
        <Text size="sm" fw={550} component="span" style={{ overflowWrap: 'anywhere' }}>
          {label}
        </Text>
        <Group gap="xs" wrap="nowrap">
          {file && (
            <Button
              size="xs"
              variant="default"
              leftSection={<IconDownload size={14} />}
              onClick={() => download(file.name, text, file.type)}
            >
              {file.name}
            </Button>
          )}
          <CopyButton wide value={text} label={t`Copy`} />
        </Group>
      </figcaption>
      <Code block tabIndex={0} aria-label={label} className={classes.text}>
        {text}
      </Code>
    </figure>
  );
}
