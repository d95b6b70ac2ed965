/** The breaks of a title: placed on the line or in the list, saved as one edition. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Anchor, Button, Group, Kbd, Stack, Switch, Text } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { IconFileImport, IconPlayerPlay, IconPlus } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { toApiError } from '~/api/client';
import type { Title } from '~/api/titles';
import { FormProblem } from '~/parts/FormProblem';
import { KeyList } from '~/parts/KeyList';
import { Notice } from '~/parts/Notice';
import { Panel } from '~/parts/Panel';
import { reversible } from '~/parts/reversible';
import { done } from '~/parts/toast';
import { usePlayer, usePlayerTime } from '../captions/player';
import { stamp } from '../captions/stamp';
import { type Edition, putBreaks } from './api';
import classes from './Breaks.module.css';
import { BREAKS_MAX, edgeBreak, faultOf, unreached } from './breaks';
import { BreakTable } from './BreakTable';
import { type Editing, useEditing } from './editing';
import { ImportBreaks } from './ImportBreaks';
import type { Sprite } from './sprites';
import { Timeline } from './Timeline';

interface Props {
  readonly title: Title;
  readonly durationMs: number;
  readonly read: Edition;
  readonly sprites: readonly Sprite[];
  readonly reload: () => void;
}

export function EditBreaks({ title, durationMs, read, sprites, reload }: Props) {
  const { t } = useLingui();
  const frame = useRef<HTMLIFrameElement>(null);
  const player = usePlayer(frame);
  const playing = usePlayerTime(player);
  const [shown, show] = useState(false);
  const [importing, setImporting] = useState(false);
  const [pointed, point] = useState(0);
  const editing = useEditing(read, durationMs);
  const { breaks, chosen, choose } = editing;
  const playheadMs = Math.min(playing ?? pointed, durationMs);
  const seek = (ms: number) => {
    point(ms);
    player.seek(ms);
  };
  const write = useMutation({
    mutationFn: () => putBreaks(title.id, breaks, editing.etag),
    onSuccess: (edition) => {
      editing.saved(edition);
      done(t`Saved. Who plays it from now on has these breaks.`);
    },
  });
  const remove = (id: number) => {
    const takeBack = editing.remove(id);
    reversible(<Trans>The break was removed.</Trans>, takeBack);
  };
  const wrong = breaks.some((one) => faultOf(one, durationMs) !== null);
  const mayWrite = editing.changed && !wrong && !write.isPending;
  useHotkeys([
    ['b', () => editing.add(playheadMs)],
    ['mod+s', () => mayWrite && write.mutate()],
  ]);
  const actions = (
    <>
      <Anchor href={`/watch/${title.id}`} target="_blank" rel="noreferrer" size="sm">
        <Trans>Preview on the watch page</Trans>
      </Anchor>
      <Button
        variant="default"
        leftSection={<IconFileImport size={16} />}
        disabled={editing.changed}
        title={editing.changed ? t`Save what was changed first.` : undefined}
        onClick={() => setImporting(true)}
      >
        <Trans>Import breaks</Trans>
      </Button>
      <Button disabled={!mayWrite} loading={write.isPending} onClick={() => write.mutate()}>
        <Trans>Save the breaks</Trans>
      </Button>
    </>
  );
  return (
    <Panel title={t`Breaks`} actions={actions}>
      <Stack>
        {write.isError && <Refused error={write.error} reload={reload} />}
        <Timeline
          title={title.id}
          durationMs={durationMs}
          sprites={sprites}
          breaks={breaks}
          chosen={chosen}
          choose={choose}
          add={editing.add}
          move={editing.move}
          remove={remove}
          playheadMs={playheadMs}
          seek={seek}
        />
        <Group justify="space-between">
          <Group gap="xs">
            <Button
              variant="default"
              leftSection={<IconPlus size={16} />}
              rightSection={<Kbd size="xs">b</Kbd>}
              disabled={breaks.length >= BREAKS_MAX}
              onClick={() => editing.add(playheadMs)}
            >
              <Trans>Add a break at {stamp(playheadMs)}</Trans>
            </Button>
            {!shown && (
              <Button variant="default" leftSection={<IconPlayerPlay size={16} />} onClick={() => show(true)}>
                <Trans>Play it here</Trans>
              </Button>
            )}
          </Group>
          <Edges editing={editing} durationMs={durationMs} />
        </Group>
        {shown && (
          <iframe
            ref={frame}
            className={classes.player}
            src={`/watch/${title.id}`}
            title={t`Player of ${title.title}`}
            allow="autoplay; fullscreen; picture-in-picture; loopback-network; local-network-access"
          />
        )}
        {breaks.length === 0 ? (
          <Text size="sm" c="dimmed">
            <Trans>
              There are no breaks: nothing is ever inserted. Click on the line, or move the playhead and press b, where an ad or an
              announcement may stand.
            </Trans>
          </Text>
        ) : (
          <BreakTable
            breaks={breaks}
            durationMs={durationMs}
            unreached={unreached(breaks)}
            chosen={chosen}
            choose={choose}
            edit={editing.edit}
            here={(id) => editing.move(id, playheadMs)}
            remove={remove}
          />
        )}
        <Keys />
        <ImportBreaks
          title={title.id}
          etag={editing.etag}
          opened={importing}
          close={() => setImporting(false)}
          taken={editing.saved}
        />
      </Stack>
    </Panel>
  );
}

/** Breaks before and after the content. */
function Edges({ editing, durationMs }: { editing: Editing; durationMs: number }) {
  const { t } = useLingui();
  const has = (edge: 'pre' | 'post') => edgeBreak(editing.breaks, edge, durationMs) !== null;
  const turn = (edge: 'pre' | 'post', wanted: boolean) => {
    const takeBack = editing.edge(edge, wanted);
    if (takeBack) reversible(<Trans>The break was removed.</Trans>, takeBack);
  };
  return (
    <Group>
      <Switch
        label={t`Before the video`}
        checked={has('pre')}
        onChange={(event) => turn('pre', event.currentTarget.checked)}
      />
      <Switch
        label={t`After the video`}
        checked={has('post')}
        onChange={(event) => turn('post', event.currentTarget.checked)}
      />
    </Group>
  );
}

function Refused({ error, reload }: { error: unknown; reload: () => void }) {
  const { t } = useLingui();
  const problem = toApiError(error);
  if (problem.code !== 'version_changed') return <FormProblem error={problem} title={t`Not saved`} rest={problem.fields} />;
  return (
    <Notice kind="warn" title={t`Somebody else saved the breaks meanwhile`}>
      <Button size="xs" variant="default" mt={6} onClick={reload}>
        <Trans>Show theirs, and drop mine</Trans>
      </Button>
    </Notice>
  );
}

function Keys() {
  const { t } = useLingui();
  return (
    <details>
      <summary>{t`Keys of the line`}</summary>
      <KeyList
        lines={[
          [['b'], t`Add a break at the playhead`],
          [['←', '→'], t`Move the break or the playhead by a second`],
          [['Shift', '← →'], t`By ten seconds`],
          [['Ctrl', '← →'], t`By a tenth of a second`],
          [['Home', 'End'], t`To the beginning or the end`],
          [['Delete'], t`Remove the break`],
          [['Ctrl', 'S'], t`Save the breaks`],
        ]}
      />
    </details>
  );
}
