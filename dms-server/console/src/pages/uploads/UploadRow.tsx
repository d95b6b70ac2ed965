/** One upload: how far, how fast, how long still, and what can be done about it. */

import { Trans, useLingui } from '@lingui/react/macro';
import { ActionIcon, Button, Group, Progress, Tooltip } from '@mantine/core';
import { IconPlayerPause, IconPlayerPlay, IconRefresh, IconX } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { bytes, span } from '~/parts/format';
import { Notice } from '~/parts/Notice';
import { State, type Tone } from '~/parts/State';
import { uploads } from '~/uploads';
import { percentOf, secondsLeft, type UploadItem, type UploadState } from '~/uploads/model';
import { ArmMenu } from './ArmMenu';
import { useUploadProblem } from './problems';
import classes from './UploadsPage.module.css';

const TONES: Readonly<Record<UploadState, Tone>> = {
  waiting: 'quiet',
  uploading: 'busy',
  paused: 'warn',
  offline: 'warn',
  done: 'ok',
  failed: 'bad',
  forgotten: 'warn',
};

export function UploadRow({ item }: { item: UploadItem }) {
  const { t, i18n } = useLingui();
  const problem = useUploadProblem(item);
  const names: Readonly<Record<UploadState, string>> = {
    waiting: t`Waiting`,
    uploading: t`Uploading`,
    paused: t`Paused`,
    offline: t`No connection`,
    done: t`Uploaded`,
    failed: t`Failed`,
    forgotten: t`Not finished`,
  };
  const percent = percentOf(item);
  const left = secondsLeft(item);
  const remaining = left === null ? '' : span(left, i18n.locale);
  const facts = [
    item.state === 'forgotten' || item.state === 'done' || item.sent === 0
      ? bytes(item.size, i18n.locale)
      : t`${percent}%, ${bytes(item.sent, i18n.locale)} of ${bytes(item.size, i18n.locale)}`,
    ...(item.state === 'uploading' && item.rate > 0 ? [`${bytes(item.rate, i18n.locale)}/s`] : []),
    ...(remaining ? [t`${remaining} left`] : []),
  ];
  const showBar = item.state !== 'done' && item.state !== 'forgotten' && item.state !== 'failed';
  return (
    <li className={classes.row} data-upload={item.state}>
      <div className={classes.words}>
        <div className={classes.name} title={item.name}>
          {item.name}
        </div>
        <div className={classes.facts}>{facts.join(' · ')}</div>
      </div>
      <Group gap="xs" wrap="nowrap">
        <State tone={TONES[item.state]}>{names[item.state]}</State>
        {(item.state === 'waiting' || item.state === 'uploading' || item.state === 'paused' || item.state === 'offline') && (
          <ArmMenu item={item} />
        )}
        <Actions item={item} />
      </Group>
      {showBar && (
        <Progress.Root size="sm" className={classes.bar}>
          <Progress.Section value={percent} aria-label={t`Upload of ${item.name}`} color={item.state === 'paused' ? 'gray.6' : 'tide.7'} />
        </Progress.Root>
      )}
      {problem !== null && (
        <div className={classes.bar}>
          <Notice kind={item.state === 'failed' ? 'bad' : 'warn'}>{problem}</Notice>
        </div>
      )}
    </li>
  );
}

function Actions({ item }: { item: UploadItem }) {
  const { t } = useLingui();
  const { id, name, state, title } = item;
  if (state === 'done') {
    return (
      title !== null && (
        <Button component={Link} to={`/titles/${title}`} variant="default" size="xs">
          <Trans>Open the title</Trans>
        </Button>
      )
    );
  }
  return (
    <Group gap={4} wrap="nowrap">
      {(state === 'uploading' || state === 'waiting') && (
        <Act label={t`Pause ${name}`} icon={<IconPlayerPause size={16} />} act={() => void uploads.pause(id)} />
      )}
      {(state === 'paused' || state === 'offline') && (
        <Act label={t`Resume ${name}`} icon={<IconPlayerPlay size={16} />} act={() => uploads.resume(id)} />
      )}
      {state === 'failed' && item.problem?.code !== 'empty_file' && (
        <Act label={t`Try ${name} again`} icon={<IconRefresh size={16} />} act={() => uploads.resume(id)} />
      )}
      <Act label={t`Remove ${name}`} icon={<IconX size={16} />} act={() => void uploads.remove(id)} />
    </Group>
  );
}

function Act({ label, icon, act }: { label: string; icon: React.ReactNode; act: () => void }) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" aria-label={label} onClick={act}>
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}
