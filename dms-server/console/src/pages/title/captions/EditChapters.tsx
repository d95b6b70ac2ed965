/** The chapters of a title: added where the player is (the key c), named, moved, kept as a new edition. */

import { Trans, useLingui } from '@lingui/react/macro';
import { ActionIcon, Button, Group, Kbd, Stack, Text, TextInput, Tooltip } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { IconClockDown, IconPlayerPlay, IconPlus, IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { toApiError } from '~/api/client';
import type { Title } from '~/api/titles';
import { ErrorState } from '~/parts/ErrorState';
import { Loading } from '~/parts/Loading';
import { Notice } from '~/parts/Notice';
import { Panel } from '~/parts/Panel';
import { useProblemText } from '~/parts/problem-text';
import { State } from '~/parts/State';
import { done } from '~/parts/toast';
import { type Edition, putChapters, readChapters } from './api';
import classes from './Captions.module.css';
import {
  addChapter,
  type Chapter,
  type ChapterFault,
  type Chapters,
  chapterFaults,
  editChapter,
  NAME_MAX,
  removeChapter,
} from './chapters';
import { usePlayer, usePlayerTime } from './player';
import { TimeField } from './TimeField';

export function EditChapters({ title }: { title: Title }) {
  const [loads, setLoads] = useState(0);
  const now = useQuery({
    queryKey: ['chapters', title.id, loads],
    queryFn: () => readChapters(title.id),
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  });
  if (now.isPending) return <Loading rows={3} />;
  if (now.isError) return <ErrorState error={now.error} retry={now.refetch} />;
  return <Editor key={loads} title={title} read={now.data} reload={() => setLoads(loads + 1)} />;
}

interface Props {
  readonly title: Title;
  readonly read: Edition<readonly Chapter[]>;
  readonly reload: () => void;
}

function Editor({ title, read, reload }: Props) {
  const { t } = useLingui();
  const problemText = useProblemText();
  const frame = useRef<HTMLIFrameElement>(null);
  const player = usePlayer(frame);
  const time = usePlayerTime(player);
  const [chapters, setChapters] = useState<Chapters>(read.content);
  const [kept, setKept] = useState({ chapters: read.content as Chapters, etag: read.etag });
  const [playing, setPlaying] = useState(false);
  const changed = chapters !== kept.chapters;
  const faults = chapterFaults(chapters, title.duration_ms ?? 0);
  const names: Readonly<Record<ChapterFault, string>> = {
    no_name: t`Give it a name`,
    same_time: t`Begins with the one before`,
    beyond_end: t`Begins after the video`,
  };
  const addHere = () => {
    const number = chapters.length + 1;
    setChapters((old) => addChapter(old, player.now() ?? 0, t`Chapter ${number}`) ?? old);
  };
  useHotkeys([['c', addHere]]);
  const write = useMutation({
    mutationFn: (etag: string | null) => putChapters(title.id, chapters, etag),
    onSuccess: (etag) => {
      setKept({ chapters, etag });
      done(t`Saved.`);
    },
  });
  const problem = write.isError ? toApiError(write.error) : null;
  const actions = (
    <>
      <Button variant="default" leftSection={<IconPlus size={16} />} rightSection={<Kbd size="xs">c</Kbd>} onClick={addHere}>
        <Trans>Add a chapter here</Trans>
      </Button>
      <Button disabled={!changed || faults.size > 0} loading={write.isPending} onClick={() => write.mutate(kept.etag)}>
        <Trans>Save the chapters</Trans>
      </Button>
    </>
  );
  return (
    <Panel title={t`Chapters`} actions={actions}>
      <Stack>
        {problem?.code === 'version_changed' && (
          <Notice kind="warn" title={t`Somebody else saved the chapters meanwhile`}>
            <Button size="xs" variant="default" mt={6} onClick={reload}>
              <Trans>Show theirs, and drop mine</Trans>
            </Button>
          </Notice>
        )}
        {problem && problem.code !== 'version_changed' && (
          <Notice kind="bad">
            {problemText(problem)} ({problem.code})
          </Notice>
        )}
        <div className={classes.sides}>
          <Stack gap="xs">
            {playing ? (
              <iframe
                ref={frame}
                className={classes.player}
                src={`/watch/${title.id}`}
                title={t`Player of ${title.title}`}
                allow="autoplay; fullscreen; picture-in-picture; loopback-network; local-network-access"
              />
            ) : (
              <Button
                variant="default"
                leftSection={<IconPlayerPlay size={16} />}
                onClick={() => setPlaying(true)}
                style={{ alignSelf: 'flex-start' }}
              >
                <Trans>Play it here</Trans>
              </Button>
            )}
          </Stack>
          {chapters.length === 0 ? (
            <Text size="sm" c="dimmed">
              <Trans>
                There are no chapters. Play the video, and press c where one begins; people find their way by their names.
              </Trans>
            </Text>
          ) : (
            <ol className={classes.chapters}>
              {chapters.map(({ start_ms: ms, title: name }, at) => {
                const fault = faults.get(at);
                const number = at + 1;
                return (
                  // The order is theirs alone: a chapter has no name but its place.
                  <li key={at}>
                    <Group gap="xs" wrap="nowrap">
                      <TimeField
                        label={t`Begin of chapter ${number}`}
                        ms={ms}
                        change={(start_ms) => setChapters((old) => editChapter(old, at, { start_ms }))}
                        wrong={fault === 'same_time' || fault === 'beyond_end'}
                      />
                      <Tooltip label={t`Begin here`}>
                        <ActionIcon
                          variant="subtle"
                          color="gray"
                          disabled={time === null}
                          aria-label={t`Begin here, chapter ${number}`}
                          onClick={() => setChapters((old) => editChapter(old, at, { start_ms: player.now() ?? ms }))}
                        >
                          <IconClockDown size={16} />
                        </ActionIcon>
                      </Tooltip>
                      <TextInput
                        flex={1}
                        size="xs"
                        maxLength={NAME_MAX}
                        aria-label={t`Name of chapter ${number}`}
                        value={name}
                        error={fault === 'no_name'}
                        onChange={(event) => {
                          const next = event.currentTarget.value;
                          setChapters((old) => editChapter(old, at, { title: next }));
                        }}
                      />
                      {fault && <State tone="bad">{names[fault]}</State>}
                      <ActionIcon
                        variant="subtle"
                        color="gray"
                        aria-label={t`Remove chapter ${number}`}
                        onClick={() => setChapters((old) => removeChapter(old, at))}
                      >
                        <IconTrash size={16} />
                      </ActionIcon>
                    </Group>
                  </li>
                );
              })}
            </ol>
          )}
        </div>
      </Stack>
    </Panel>
  );
}
