/** What a title is: itself, playing, and its facts. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Code, Progress, Stack, Text, UnstyledButton } from '@mantine/core';
import { IconPlayerPlayFilled } from '@tabler/icons-react';
import { type ReactNode, useState } from 'react';
import type { Schema } from '~/api/client';
import { isBusy, type Title } from '~/api/titles';
import { CopyButton } from '~/parts/CopyButton';
import { bytes, clock, percent, span } from '~/parts/format';
import { Notice } from '~/parts/Notice';
import { Panel } from '~/parts/Panel';
import { Time } from '~/parts/Time';
import { Renditions } from '../uploads/Renditions';
import classes from './Title.module.css';

export function Overview({ title }: { title: Title }) {
  const { t, i18n } = useLingui();
  const facts: readonly (readonly [string, ReactNode])[] = [
    ...(title.tags?.length ? ([[t`Tags`, title.tags.join(', ')]] as const) : []),
    [t`Kind`, title.kind === 'file' ? t`File` : t`Video`],
    ...(title.duration_ms ? ([[t`Length`, clock(title.duration_ms)]] as const) : []),
    [t`Uploaded size`, bytes(title.bytes, i18n.locale)],
    [t`Uploaded`, <Time key="uploaded" ms={title.created_ms} />],
    ...(title.made_with ? ([[t`Transcode profile`, madeWith(title.made_with, i18n.locale)]] as const) : []),
    [t`Version`, title.version ?? <Trans key="version">none yet</Trans>],
    [
      t`Id`,
      <span key="id" className={classes.id}>
        <Code>{title.id}</Code>
        <CopyButton value={title.id} label={t`Copy the id`} />
      </span>,
    ],
  ];
  return (
    <div className={classes.columns}>
      <Stack>
        <Stage title={title} />
        {title.description && (
          <Text size="sm" className={classes.description}>
            {title.description}
          </Text>
        )}
      </Stack>
      <Panel title={t`Facts`}>
        <dl className={classes.facts}>
          {facts.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </Panel>
    </div>
  );
}

/** A profile's name with the numbers of that moment: it may have been changed since. */
function madeWith({ name, max_height: lines, bit_rate_percent: share }: Schema<'MadeWith'>, locale: string): string {
  return `${name} (${lines}p, ${percent(share / 100, locale)})`;
}

/** The video, or how far it is, or why there is none. */
function Stage({ title }: { title: Title }) {
  const { t, i18n } = useLingui();
  if (title.state === 'failed') {
    const code = title.error?.code ?? '';
    return (
      <Notice kind="bad" title={t`It could not be prepared`}>
        {title.error?.message} <Code>{code}</Code>
      </Notice>
    );
  }
  if (isBusy(title)) {
    const percent = Math.floor(title.progress_percent);
    const eta = title.eta_seconds;
    const left = eta === null || eta === undefined ? null : span(eta, i18n.locale);
    return (
      <Panel title={t`Being prepared`}>
        <Stack gap="xs">
          <Text size="sm" c="dimmed" className="tabular">
            {left === null ? `${percent}%` : t`${percent}%, ${left} left`}
          </Text>
          <Progress.Root>
            <Progress.Section value={title.progress_percent} aria-label={t`Preparation of ${title.title}`} />
          </Progress.Root>
          <Renditions renditions={title.renditions ?? []} />
        </Stack>
      </Panel>
    );
  }
  if (title.kind === 'file') {
    return <Notice kind="info">{t`A file is given to the offices as it is. It is received with dms-save.`}</Notice>;
  }
  return <Player title={title} />;
}

/** The picture; the player once it is asked for, as it takes the focus and a licence. */
function Player({ title }: { title: Title }) {
  const { t } = useLingui();
  const [playing, setPlaying] = useState(false);
  if (!playing) {
    return (
      <UnstyledButton className={classes.still} onClick={() => setPlaying(true)} aria-label={t`Play ${title.title}`}>
        <img src={`/api/v1/titles/${title.id}/poster.jpg`} alt="" />
        <span className={classes.play}>
          <IconPlayerPlayFilled size={30} aria-hidden />
        </span>
      </UnstyledButton>
    );
  }
  return (
    <iframe
      className={classes.player}
      src={`/watch/${title.id}`}
      title={t`Player of ${title.title}`}
      allow="autoplay; fullscreen; picture-in-picture; loopback-network; local-network-access"
    />
  );
}
