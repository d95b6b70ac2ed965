/** The link to a title, from a moment of it if wanted, and the lines that show it in another page. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, Code, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import type { Title } from '~/api/titles';
import { CopyButton } from '~/parts/CopyButton';
import { Notice } from '~/parts/Notice';
import { Panel } from '~/parts/Panel';
import { frameFor, linkTo, playerOf } from './links';
import { StartField } from './StartField';
import classes from './Title.module.css';

export function Embed({ title }: { title: Title }) {
  const { t } = useLingui();
  const [start, setStart] = useState<number>(0);
  const [preview, setPreview] = useState(false);
  const link = linkTo(location.origin, title.id, start);
  const player = playerOf(location.origin, title.id, start);
  const frame = frameFor(player, title.title);
  return (
    <Stack gap="lg" maw={760}>
      {title.state !== 'complete' && (
        <Notice kind="info">
          <Trans>The link may be sent already. Until the title can be watched, its page says how far it is.</Trans>
        </Notice>
      )}
      <Panel title={t`Link`}>
        <Stack>
          <div className={classes.snippet}>
            <Code block>{link}</Code>
            <CopyButton value={link} label={t`Copy the link`} />
          </div>
          <StartField change={setStart} />
        </Stack>
      </Panel>
      <Panel title={t`Show it in a page`}>
        <Stack>
          <div className={classes.snippet}>
            <Code block>{frame}</Code>
            <CopyButton value={frame} label={t`Copy the lines`} />
          </div>
          <Text size="sm" c="dimmed">
            <Trans>
              Whoever sees the page signs in as everywhere, and the policy decides. Pages of this server may show it so; other
              servers have to be let in first.
            </Trans>
          </Text>
          {title.state === 'complete' &&
            (preview ? (
              <iframe
                className={classes.player}
                src={player}
                title={t`Preview`}
                allow="fullscreen; picture-in-picture; loopback-network"
              />
            ) : (
              <Button variant="default" w="fit-content" onClick={() => setPreview(true)}>
                <Trans>Show a preview</Trans>
              </Button>
            ))}
        </Stack>
      </Panel>
    </Stack>
  );
}
