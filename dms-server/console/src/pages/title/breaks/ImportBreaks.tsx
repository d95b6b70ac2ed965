/** Breaks from a document of others: VMAP, or SCTE-35 messages beside the video; looked at first. */

import { Plural, Trans, useLingui } from '@lingui/react/macro';
import { Button, FileInput, Group, Stack, Textarea } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { toApiError } from '~/api/client';
import { useChoice } from '~/parts/choose-again';
import { FormProblem } from '~/parts/FormProblem';
import { Notice } from '~/parts/Notice';
import { SideDrawer } from '~/parts/SideDrawer';
import { done } from '~/parts/toast';
import { stamp } from '../captions/stamp';
import { type Edition, importBreaks } from './api';

interface Props {
  readonly title: string;
  readonly etag: string | null;
  readonly opened: boolean;
  readonly close: () => void;
  readonly taken: (edition: Edition) => void;
}

export function ImportBreaks(props: Props) {
  const { t } = useLingui();
  return (
    <SideDrawer opened={props.opened} onClose={props.close} title={t`Import breaks`} size="lg">
      {props.opened && <Fields {...props} />}
    </SideDrawer>
  );
}

function Fields({ title, etag, close, taken }: Props) {
  const { t } = useLingui();
  const [text, setText] = useState('');
  const send = useMutation({
    mutationFn: (dryRun: boolean) => importBreaks(title, text, etag, dryRun),
    onSuccess: (imported) => {
      if (!imported.kept) return;
      taken(imported);
      done(t`The breaks of the document were taken.`);
      close();
    },
  });
  const change = (next: string) => {
    send.reset();
    setText(next);
  };
  const choice = useChoice((file: File | null) => void file?.text().then(change));
  const looked = send.data;
  return (
    <Stack>
      <FileInput
        label={t`VMAP or SCTE-35 file`}
        description={t`VMAP 1.0, or splice messages with their times as JSON or CSV.`}
        placeholder={t`Choose a file`}
        accept=".xml,.vmap,.json,.csv"
        {...choice}
      />
      <Textarea
        label={t`Document`}
        autosize
        minRows={6}
        maxRows={16}
        spellCheck={false}
        value={text}
        onChange={(event) => change(event.currentTarget.value)}
      />
      {send.isError && <FormProblem error={toApiError(send.error)} title={t`Not taken`} rest={toApiError(send.error).fields} />}
      {looked && (
        <Notice kind={looked.warnings.length > 0 ? 'warn' : 'ok'}>
          <Plural value={looked.breaks.length} one="The title would have # break:" other="The title would have # breaks:" />{' '}
          {looked.breaks.map(({ at_ms: ms }) => stamp(ms)).join(', ')}
          {looked.warnings.map((warning) => (
            <div key={warning}>{warning}</div>
          ))}
        </Notice>
      )}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={close}>
          <Trans>Cancel</Trans>
        </Button>
        <Button disabled={text.trim() === ''} loading={send.isPending} onClick={() => send.mutate(looked === undefined)}>
          {looked === undefined ? <Trans>Look at the document</Trans> : <Trans>Take them</Trans>}
        </Button>
      </Group>
    </Stack>
  );
}
