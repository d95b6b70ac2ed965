/** Taking a file of captions: looked at first, with each fault's line, character, cue and what puts it right. */

import { Plural, Trans, useLingui } from '@lingui/react/macro';
import { Autocomplete, Button, FileInput, Group, Modal, Stack, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { toApiError } from '~/api/client';
import type { Title } from '~/api/titles';
import { useChoice } from '~/parts/choose-again';
import { Notice } from '~/parts/Notice';
import { useProblemText } from '~/parts/problem-text';
import { done } from '~/parts/toast';
import { NONE_YET, putTrack, type Track } from './api';
import { Faults } from './Faults';
import { type FileFault, faultsOfProblem } from './file-faults';
import { COMMON, languageName, languageOfFile, ownName } from './languages';

interface Props {
  readonly title: Title;
  readonly there: readonly Track[];
  readonly close: () => void;
  readonly open: (lang: string) => void;
}

/** What a file begins with that has no cue yet. */
const EMPTY_FILE = 'WEBVTT\n\n00:00:00.000 --> 00:00:02.000\n…\n';

export function UploadCaptions({ title, there, close, open }: Props) {
  const { t, i18n } = useLingui();
  const client = useQueryClient();
  const problemText = useProblemText();
  const [file, setFile] = useState<File | null>(null);
  const [lang, setLang] = useState('');
  const [label, setLabel] = useState('');
  const before = there.find((track) => track.lang.toLowerCase() === lang.trim().toLowerCase());
  const put = useMutation({
    mutationFn: async (dryRun: boolean) => {
      const what = { title: title.id, lang: lang.trim(), label: label.trim() || ownName(lang.trim()), file: file ?? EMPTY_FILE };
      return putTrack({ ...what, etag: before ? null : NONE_YET, dryRun });
    },
    onSuccess: async ({ content }) => {
      if (!content.kept) return;
      await client.invalidateQueries({ queryKey: ['captions', title.id] });
      done(t`Saved.`);
      close();
      open(content.lang);
    },
  });
  const looked = put.data?.content;
  const problem = put.isError ? toApiError(put.error) : null;
  const faults: readonly FileFault[] = problem ? faultsOfProblem(problem) : (looked?.warnings ?? []);
  const choose = (next: File | null) => {
    put.reset();
    setFile(next);
    const said = next && languageOfFile(next.name);
    if (said && lang === '') setLang(said);
  };
  const choice = useChoice(choose);
  const send = (event: FormEvent) => {
    event.preventDefault();
    // What is only hardly meant is shown once before it is kept.
    put.mutate(looked === undefined && file !== null);
  };
  const name = lang.trim() === '' ? '' : languageName(lang.trim(), i18n.locale);
  const warned = looked !== undefined && looked.warnings.length > 0;
  return (
    <Modal opened onClose={close} size="lg" title={t`Add captions`} closeButtonProps={{ 'aria-label': t`Close` }}>
      <form onSubmit={send} aria-label={t`Add captions`}>
        <Stack>
          <FileInput
            label={t`WebVTT or SRT file`}
            description={t`In UTF-8, at most 4 MiB. Without a file the captions are written in the editor.`}
            placeholder={t`Choose a file`}
            accept=".vtt,.srt,text/vtt,application/x-subrip"
            value={file}
            {...choice}
            clearable
            clearButtonProps={{ 'aria-label': t`Clear` }}
          />
          <Autocomplete
            label={t`Language`}
            description={name && name !== lang.trim() ? name : t`A tag such as en, pt-BR or zh-Hant.`}
            required
            data={COMMON}
            renderOption={({ option }) => `${option.value} – ${languageName(option.value, i18n.locale)}`}
            value={lang}
            onChange={(next) => {
              put.reset();
              setLang(next);
            }}
          />
          <TextInput
            label={t`In the player's menu`}
            placeholder={lang.trim() === '' ? '' : ownName(lang.trim())}
            maxLength={100}
            value={label}
            onChange={(event) => setLabel(event.currentTarget.value)}
          />
          {before && (
            <Notice kind="warn">
              <Trans>There are captions in {name} already: they are replaced.</Trans>
            </Notice>
          )}
          {looked && !looked.kept && (
            <Notice kind={warned ? 'warn' : 'ok'}>
              <Plural value={looked.cues} one="The file has # line." other="The file has # lines." />{' '}
              {warned ? (
                <Trans>Some of them were hardly meant so. They can be put right in the editor.</Trans>
              ) : (
                <Trans>It has no fault.</Trans>
              )}
            </Notice>
          )}
          {problem && faults.length === 0 && (
            <Notice kind="bad">
              {problemText(problem)} ({problem.code})
            </Notice>
          )}
          {problem && faults.length > 0 && (
            <Notice kind="bad">
              <Trans>Nothing was kept. Put this right in the file, and choose it again.</Trans>
            </Notice>
          )}
          {faults.length > 0 && <Faults faults={faults} />}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              <Trans>Cancel</Trans>
            </Button>
            <Button type="submit" loading={put.isPending} disabled={lang.trim() === '' || (problem !== null && faults.length > 0)}>
              {looked === undefined && file !== null ? <Trans>Look at the file</Trans> : <Trans>Keep it</Trans>}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
