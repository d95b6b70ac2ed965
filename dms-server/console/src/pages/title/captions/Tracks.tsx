/** The captions of a title, by language: opened, downloaded, replaced, removed. */

import { Plural, Trans, useLingui } from '@lingui/react/macro';
import { ActionIcon, Anchor, Button, Group, Table, Text, Tooltip } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { IconBadgeCc, IconDownload, IconTrash, IconUpload } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { toApiError } from '~/api/client';
import type { Title } from '~/api/titles';
import { EmptyState } from '~/parts/EmptyState';
import { Panel } from '~/parts/Panel';
import { useProblemText } from '~/parts/problem-text';
import { Time } from '~/parts/Time';
import { failed, undoable } from '~/parts/toast';
import { deleteTrack, type Track } from './api';
import { languageName } from './languages';
import { UploadCaptions } from './UploadCaptions';

interface Props {
  readonly title: Title;
  readonly tracks: readonly Track[];
  readonly open: (lang: string) => void;
}

export function Tracks({ title, tracks, open }: Props) {
  const { t, i18n } = useLingui();
  const client = useQueryClient();
  const problemText = useProblemText();
  const [adding, add] = useDisclosure();
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const shown = tracks.filter(({ lang }) => !hidden.has(lang));
  const remove = (lang: string) => {
    const name = languageName(lang, i18n.locale);
    const show = () => setHidden((old) => new Set([...old].filter((other) => other !== lang)));
    const act = async () => {
      try {
        await deleteTrack(title.id, lang);
      } catch (error) {
        const problem = toApiError(error);
        failed(t`The captions in ${name} were not removed. ${problemText(problem)} (${problem.code})`);
      }
      await client.invalidateQueries({ queryKey: ['captions', title.id] });
      show();
    };
    undoable({
      message: <Trans>The captions in {name} are being removed.</Trans>,
      act: () => void act(),
      hide: () => setHidden((old) => new Set([...old, lang])),
      show,
    });
  };
  const upload = (
    <Button leftSection={<IconUpload size={16} />} onClick={add.open}>
      <Trans>Add captions</Trans>
    </Button>
  );
  return (
    <>
      {shown.length === 0 ? (
        <EmptyState icon={IconBadgeCc} title={t`There are no captions yet`} action={upload}>
          <Trans>Captions make a video understood without sound, and found by what is said in it. WebVTT and SRT files are taken.</Trans>
        </EmptyState>
      ) : (
        <Panel title={t`Captions`} actions={upload} flush>
          <Table.ScrollContainer minWidth={520} type="native" tabIndex={0} role="region" aria-label={t`All captions`}>
            <Table verticalSpacing="sm" horizontalSpacing="lg">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{t`Language`}</Table.Th>
                  <Table.Th>{t`In the menu`}</Table.Th>
                  <Table.Th ta="end">{t`Lines`}</Table.Th>
                  <Table.Th>{t`Changed`}</Table.Th>
                  <Table.Th ta="end">{t`Actions`}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {shown.map(({ lang, label, cues, updated_by: by, updated_ms: ms, url }) => {
                  const name = languageName(lang, i18n.locale);
                  return (
                    <Table.Tr key={lang}>
                      <Table.Td>
                        <Anchor component="button" type="button" fw={600} size="sm" onClick={() => open(lang)}>
                          {name}
                        </Anchor>
                      </Table.Td>
                      <Table.Td>{label}</Table.Td>
                      <Table.Td ta="end" className="tabular">
                        <Plural value={cues} one="# line" other="# lines" />
                      </Table.Td>
                      <Table.Td>
                        <Text size="sm" c="dimmed" component="div">
                          {by}, <Time ms={ms} />
                        </Text>
                      </Table.Td>
                      <Table.Td>
                        <Group gap={4} justify="flex-end" wrap="nowrap">
                          <Button size="xs" variant="default" onClick={() => open(lang)} aria-label={t`Edit the captions in ${name}`}>
                            <Trans>Edit</Trans>
                          </Button>
                          <Tooltip label={t`Download`}>
                            <ActionIcon
                              component="a"
                              href={url}
                              download={`${title.title}.${lang}.vtt`}
                              variant="subtle"
                              color="gray"
                              aria-label={t`Download the captions in ${name}`}
                            >
                              <IconDownload size={16} />
                            </ActionIcon>
                          </Tooltip>
                          <Tooltip label={t`Remove`}>
                            <ActionIcon
                              variant="subtle"
                              color="gray"
                              aria-label={t`Remove the captions in ${name}`}
                              onClick={() => remove(lang)}
                            >
                              <IconTrash size={16} />
                            </ActionIcon>
                          </Tooltip>
                        </Group>
                      </Table.Td>
                    </Table.Tr>
                  );
                })}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
        </Panel>
      )}
      {adding && <UploadCaptions title={title} there={tracks} close={add.close} open={open} />}
    </>
  );
}
