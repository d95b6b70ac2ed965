/** A first video: one's own or the sample; then how far it is; then it plays. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Anchor, Button, FileButton, Group, Progress, Stack, Text } from '@mantine/core';
import { IconMovie, IconUpload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { STATE_NAMES, titleQuery } from '~/api/titles';
import { toApiError } from '~/api/client';
import { useChoice } from '~/parts/choose-again';
import { Notice } from '~/parts/Notice';
import { useProblemText } from '~/parts/problem-text';
import { uploads, useUploads } from '~/uploads';
import { percentOf } from '~/uploads/model';
import { useUploadProblem } from '../uploads/problems';
import { sampleFile } from './sample';
import classes from './Setup.module.css';

export function FirstVideo() {
  const newest = useUploads().find(({ state }) => state !== 'forgotten');
  if (!newest) return <Choose />;
  return newest.title === null ? <Sending /> : <Prepared title={newest.title} />;
}

function Choose() {
  const { t } = useLingui();
  const problemText = useProblemText();
  const [problem, setProblem] = useState<string | null>(null);
  const add = (files: File[]) => void uploads.add(files, { kind: 'everybody' });
  const choice = useChoice((file: File | null) => file && add([file]));
  const takeSample = async () => {
    try {
      add([await sampleFile(t`Sample`)]);
    } catch (error) {
      setProblem(problemText(toApiError(error)));
    }
  };
  return (
    <Stack>
      <Group grow>
        <FileButton {...choice} accept="video/*,.mkv,.ts,.mxf">
          {(props) => (
            <Button {...props} size="lg" leftSection={<IconUpload size={18} />}>
              <Trans>My own video</Trans>
            </Button>
          )}
        </FileButton>
        <Button size="lg" variant="default" leftSection={<IconMovie size={18} />} onClick={() => void takeSample()}>
          <Trans>The sample</Trans>
        </Button>
      </Group>
      {problem !== null && <Notice kind="bad">{problem}</Notice>}
      <Text size="xs" c="dimmed">
        <Trans>The sample is five seconds of Big Buck Bunny, © 2008 Blender Foundation, CC BY 3.0.</Trans>
      </Text>
      <Skip />
    </Stack>
  );
}

/** The way out, on every screen. */
function Skip() {
  return (
    <Anchor component={Link} to="/" size="sm" ta="end">
      <Trans>Skip, and go to the console</Trans>
    </Anchor>
  );
}

function Sending() {
  const { t } = useLingui();
  const item = useUploads().find(({ state }) => state !== 'forgotten');
  const problem = useUploadProblem(item ?? NOTHING);
  if (!item) return null;
  const percent = percentOf(item);
  return (
    <Stack>
      <Text size="sm" className="tabular">
        <Trans>
          {item.name} is being uploaded: {percent}%
        </Trans>
      </Text>
      <Progress.Root>
        <Progress.Section value={percent} aria-label={t`Upload of ${item.name}`} />
      </Progress.Root>
      {problem !== null && <Notice kind="bad">{problem}</Notice>}
      {item.state === 'failed' && (
        <Button variant="default" onClick={() => void uploads.remove(item.id)}>
          <Trans>Choose another one</Trans>
        </Button>
      )}
      <Skip />
    </Stack>
  );
}

const NOTHING = {
  id: '',
  name: '',
  size: 0,
  sent: 0,
  rate: 0,
  state: 'waiting',
  audience: { kind: 'everybody' },
  title: null,
  problem: null,
} as const;

function Prepared({ title: id }: { title: string }) {
  const { t, i18n } = useLingui();
  const title = useQuery(titleQuery(id)).data;
  if (!title) return null;
  if (title.state === 'complete') {
    return (
      <Stack>
        <iframe
          className={classes.player}
          src={`/watch/${id}`}
          title={t`Player of ${title.title}`}
          allow="autoplay; fullscreen; loopback-network; local-network-access"
        />
        <Group justify="space-between">
          <Text size="sm" c="dimmed">
            <Trans>It is published: everybody in the company may watch it.</Trans>
          </Text>
          <Button component={Link} to={`/titles/${id}`}>
            <Trans>To the title</Trans>
          </Button>
        </Group>
      </Stack>
    );
  }
  if (title.state === 'failed') {
    return (
      <Stack>
        <Notice kind="bad" title={t`It could not be prepared`}>
          {title.error?.message}
        </Notice>
        <Button variant="default" onClick={() => uploads.items().forEach(({ id: one }) => void uploads.remove(one))}>
          <Trans>Choose another one</Trans>
        </Button>
        <Skip />
      </Stack>
    );
  }
  return (
    <Stack>
      <Text size="sm" className="tabular">
        {i18n._(STATE_NAMES[title.state][1])}: {Math.floor(title.progress_percent)}%
      </Text>
      <Progress.Root>
        <Progress.Section value={title.progress_percent} aria-label={t`Preparation of ${title.title}`} />
      </Progress.Root>
      <Skip />
    </Stack>
  );
}
