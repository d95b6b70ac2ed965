/** The captions in one language beside the player: texts and times, kept as a new edition. */

import { Plural, Trans, useLingui } from '@lingui/react/macro';
import { Button, Group, Stack, Switch, Text } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { IconArrowBackUp, IconArrowForwardUp, IconArrowLeft, IconPlus, IconWand } from '@tabler/icons-react';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import { toApiError } from '~/api/client';
import type { Title } from '~/api/titles';
import { download } from '~/parts/csv';
import { ErrorState } from '~/parts/ErrorState';
import { Loading } from '~/parts/Loading';
import { Notice } from '~/parts/Notice';
import { useProblemText } from '~/parts/problem-text';
import { done } from '~/parts/toast';
import { type Edition, putTrack, readTrack, type Track } from './api';
import classes from './Captions.module.css';
import { CueList, type ListHandle } from './CueList';
import type { Act } from './CueRow';
import { add, type Cues, cueAt, edit, faultsOf, isRefused, merge, remove, split, withoutOverlaps } from './cues';
import { Faults } from './Faults';
import { faultsOfProblem } from './file-faults';
import { begin, record, redo, undo } from './history';
import { languageName } from './languages';
import { usePlayer, usePlayerTime } from './player';
import { readVtt, writeVtt } from './vtt';

interface Props {
  readonly title: Title;
  readonly track: Track;
  readonly close: () => void;
}

export function EditCaptions(props: Props) {
  const { title, track } = props;
  const [loads, setLoads] = useState(0);
  const now = useQuery({
    queryKey: ['captions', title.id, 'edit', track.lang, loads],
    queryFn: () => readTrack(title.id, track.lang),
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  });
  if (now.isPending) return <Loading rows={6} />;
  if (now.isError) return <ErrorState error={now.error} retry={now.refetch} />;
  return <Editor key={loads} {...props} read={now.data} reload={() => setLoads(loads + 1)} />;
}

function Editor({ title, track, close, read, reload }: Props & { read: Edition<string>; reload: () => void }) {
  const { t, i18n } = useLingui();
  const client = useQueryClient();
  const problemText = useProblemText();
  const frame = useRef<HTMLIFrameElement>(null);
  const list = useRef<ListHandle>(null);
  const player = usePlayer(frame);
  const time = usePlayerTime(player);
  const [follow, setFollow] = useState(true);
  const [history, setHistory] = useState(() => begin<Cues>(readVtt(read.content)));
  const [kept, setKept] = useState({ cues: history.now, etag: read.etag });
  const cues = history.now;
  const changed = cues !== kept.cues;
  useWarnBeforeLeaving(changed);
  // A long list is looked through behind the typing.
  const later = useDeferredValue(cues);
  const faults = useMemo(() => faultsOf(later, title.duration_ms ?? 0), [later, title.duration_ms]);
  const overlaps = useMemo(() => [...faults.values()].filter((fault) => fault === 'overlap').length, [faults]);
  const refused = useMemo(() => [...faults].find(([, fault]) => isRefused(fault))?.[0], [faults]);
  const shown = useMemo(() => {
    const at = time === null ? -1 : cueAt(cues, time);
    return time !== null && (cues[at]?.endMs ?? 0) > time ? at : -1;
  }, [cues, time]);

  const act = useCallback(
    (at: number, what: Act) => {
      const ms = player.now();
      setHistory((old) => {
        const [now, cue] = [old.now, old.now[at]];
        if (!cue) return old;
        switch (what.kind) {
          case 'change':
            return record(old, edit(now, at, what.change), 'text' in what.change ? `text ${cue.key}` : null);
          case 'start_here':
            return ms === null ? old : record(old, edit(now, at, { startMs: ms }));
          case 'end_here':
            return ms === null ? old : record(old, edit(now, at, { endMs: ms }));
          case 'split':
            return record(old, split(now, at, what.character));
          case 'merge':
            return record(old, merge(now, at));
          case 'remove':
            return record(old, remove(now, at));
          case 'add':
            return record(old, add(now, cue.endMs).cues);
          case 'play':
            player.seek(cue.startMs);
            return old;
        }
      });
    },
    [player],
  );
  const addHere = () => {
    const ms = player.now() ?? cues.at(-1)?.endMs ?? 0;
    const added = add(cues, ms);
    setHistory((old) => record(old, added.cues));
    requestAnimationFrame(() => list.current?.show(added.at));
  };
  const write = useMutation({
    mutationFn: (etag: string | null) => {
      const { file } = writeVtt(cues);
      return putTrack({ title: title.id, lang: track.lang, label: track.label, file, etag });
    },
    onSuccess: async ({ content, etag }) => {
      setKept({ cues, etag });
      done(t`Saved: ${content.cues} lines.`);
      await client.invalidateQueries({ queryKey: ['captions', title.id], exact: true });
    },
  });
  const problem = write.isError ? toApiError(write.error) : null;
  const places = problem ? faultsOfProblem(problem) : [];
  useHotkeys(
    [
      ['mod+z', () => setHistory(undo)],
      ['mod+shift+z', () => setHistory(redo)],
      ['mod+s', () => changed && write.mutate(kept.etag)],
    ],
    [],
  );
  const name = languageName(track.lang, i18n.locale);
  return (
    <Stack>
      <Group gap="xs">
        <Button variant="subtle" leftSection={<IconArrowLeft size={16} />} onClick={close}>
          <Trans>All captions</Trans>
        </Button>
        <Text fw={600}>{name}</Text>
        <Text size="sm" c="dimmed" role="status">
          <Plural value={cues.length} one="# line" other="# lines" />
          {changed && (
            <>
              {', '}
              <Trans>not saved</Trans>
            </>
          )}
        </Text>
        <Group gap="xs" ml="auto">
          <Button
            variant="default"
            aria-label={t`Undo`}
            disabled={history.before.length === 0}
            onClick={() => setHistory(undo)}
          >
            <IconArrowBackUp size={16} />
          </Button>
          <Button variant="default" aria-label={t`Redo`} disabled={history.after.length === 0} onClick={() => setHistory(redo)}>
            <IconArrowForwardUp size={16} />
          </Button>
          <Button variant="default" onClick={() => download(`${title.title}.${track.lang}.vtt`, writeVtt(cues).file, 'text/vtt')}>
            <Trans>Download</Trans>
          </Button>
          <Button disabled={!changed} loading={write.isPending} onClick={() => write.mutate(kept.etag)}>
            <Trans>Save</Trans>
          </Button>
        </Group>
      </Group>
      {problem?.code === 'version_changed' && (
        <Notice kind="warn" title={t`Somebody else saved these captions meanwhile`}>
          <Group gap="xs" mt={6}>
            <Button size="xs" variant="default" onClick={reload}>
              <Trans>Show theirs, and drop mine</Trans>
            </Button>
            <Button size="xs" variant="default" onClick={() => write.mutate(null)}>
              <Trans>Keep mine instead</Trans>
            </Button>
          </Group>
        </Notice>
      )}
      {problem && problem.code !== 'version_changed' && (
        <Notice kind="bad">
          {places.length > 0 ? problem.message : problemText(problem)} ({problem.code})
        </Notice>
      )}
      {places.length > 0 && <Faults faults={places} />}
      {refused !== undefined && (
        <Notice kind="bad">
          <Trans>Caption {refused + 1} cannot be kept like this.</Trans>{' '}
          <Button size="compact-xs" variant="default" onClick={() => list.current?.show(refused)}>
            <Trans>Show it</Trans>
          </Button>
        </Notice>
      )}
      {overlaps > 0 && (
        <Notice kind="warn">
          <Plural
            value={overlaps}
            one="# caption begins before the one before it ends."
            other="# captions begin before the one before them ends."
          />{' '}
          <Button
            size="compact-xs"
            variant="default"
            leftSection={<IconWand size={14} />}
            onClick={() => setHistory((old) => record(old, withoutOverlaps(old.now)))}
          >
            <Trans>Put all of them right</Trans>
          </Button>
        </Notice>
      )}
      <div className={classes.sides}>
        <Stack className={classes.aside} gap="xs">
          <iframe
            ref={frame}
            className={classes.player}
            src={`/watch/${title.id}`}
            title={t`Player of ${title.title}`}
            allow="autoplay; fullscreen; picture-in-picture; loopback-network; local-network-access"
          />
          <Group justify="space-between">
            <Button variant="default" leftSection={<IconPlus size={16} />} onClick={addHere}>
              <Trans>Add a caption here</Trans>
            </Button>
            <Switch
              label={t`Follow the player`}
              checked={follow}
              onChange={(event) => setFollow(event.currentTarget.checked)}
            />
          </Group>
        </Stack>
        <CueList
          cues={cues}
          faults={faults}
          shown={shown}
          hasTime={time !== null}
          follow={follow}
          unfollow={() => setFollow(false)}
          act={act}
          handle={list}
        />
      </div>
    </Stack>
  );
}

/** What was not saved is not lost by a slip. */
function useWarnBeforeLeaving(changed: boolean): void {
  useEffect(() => {
    if (!changed) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', ask);
    return () => removeEventListener('beforeunload', ask);
  }, [changed]);
}
