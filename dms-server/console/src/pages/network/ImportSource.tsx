/** Where the sheet comes from: a file that is dropped or chosen, or a text. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, FileButton, Group, Text, Textarea } from '@mantine/core';
import { IconFileUpload } from '@tabler/icons-react';
import { type DragEvent, type RefObject, useState } from 'react';
import { useChoice } from '~/parts/choose-again';
import classes from './Import.module.css';

/** A sheet: the bytes that are sent, and the text that is shown of them. */
export interface Source {
  /** Another one with each change. */
  readonly id: number;
  readonly name: string | null;
  readonly text: string;
  readonly bytes: Blob;
}

interface Props {
  readonly source: Source;
  readonly change: (source: Source) => void;
  readonly field: RefObject<HTMLTextAreaElement | null>;
}

const EXAMPLE = 'site,subnets,peering,wan_mbit\nLyon,10.20.0.0/16 fd00:20::/32,on,50\nParis,10.30.0.0/16,leech,';

export function ImportSource({ source, change, field }: Props) {
  const { t } = useLingui();
  const [over, setOver] = useState(false);
  const next = (name: string | null, text: string, bytes: Blob) => change({ id: source.id + 1, name, text, bytes });
  const takeFile = async (file: File | null | undefined) => {
    if (file) next(file.name, await file.text(), file);
  };
  const dropped = (event: DragEvent) => {
    if (event.dataTransfer.files.length === 0) return;
    event.preventDefault();
    event.stopPropagation();
    setOver(false);
    void takeFile(event.dataTransfer.files[0]);
  };
  const dragged = (event: DragEvent) => {
    event.preventDefault();
    event.stopPropagation();
    setOver(true);
  };
  const choice = useChoice((file: File | null) => void takeFile(file));
  return (
    <div className={classes.source} data-over={over} onDrop={dropped} onDragOver={dragged} onDragLeave={() => setOver(false)}>
      <Textarea
        ref={field}
        label={t`Sheet`}
        description={t`Drop a CSV file here, choose one, or paste rows. Commas, semicolons or tabs; the sheet of Microsoft eCDN is taken, too.`}
        placeholder={EXAMPLE}
        autosize
        minRows={6}
        maxRows={16}
        spellCheck={false}
        wrap="off"
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
        value={source.text}
        onChange={({ currentTarget: { value } }) => next(null, value, new Blob([value]))}
      />
      <Group gap="sm" mt="sm">
        <FileButton {...choice} accept=".csv,.tsv,.txt,text/csv,text/plain">
          {(props) => (
            <Button {...props} variant="default" leftSection={<IconFileUpload size={16} />}>
              <Trans>Choose a file</Trans>
            </Button>
          )}
        </FileButton>
        {source.text === '' ? (
          <Button variant="subtle" onClick={() => next(null, EXAMPLE, new Blob([EXAMPLE]))}>
            <Trans>Begin with an example</Trans>
          </Button>
        ) : (
          <Button variant="subtle" onClick={() => next(null, '', new Blob())}>
            <Trans>Clear</Trans>
          </Button>
        )}
        {source.name && (
          <Text size="sm" c="dimmed">
            {source.name}
          </Text>
        )}
      </Group>
    </div>
  );
}
