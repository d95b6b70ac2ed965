/** How somebody likes the portal and the player, in this browser. */

import { useLingui } from '@lingui/react/macro';
import { Stack, Switch } from '@mantine/core';
import { LookFields } from '~/parts/LookFields';
import { PageHeader } from '~/parts/PageHeader';
import { Panel } from '~/parts/Panel';
import { choose } from '../language';
import { usePreference } from '../preferences';

export default function Settings() {
  const { t, i18n } = useLingui();
  const [captions, setCaptions] = usePreference('captions');
  const [next, setNext] = usePreference('autoplay');
  const [saver, setSaver] = usePreference('data-saver');
  const [forYou, setForYou] = usePreference('for-you');
  return (
    <>
      <PageHeader title={t`Settings`} lead={t`They are kept in this browser.`} />
      <Stack gap="lg" maw={820}>
        <Panel title={t`Watching`}>
          <Stack gap="md">
            <Switch
              label={t`Captions on`}
              description={t`Where a video has captions they are shown from the start, in your language if there is one.`}
              checked={captions}
              onChange={(event) => setCaptions(event.currentTarget.checked, i18n.locale)}
            />
            <Switch
              label={t`Play the next video by itself`}
              description={t`At the end of a video the next one begins, unless you stop it.`}
              checked={next}
              onChange={(event) => setNext(event.currentTarget.checked)}
            />
            <Switch
              label={t`Save data`}
              description={t`Videos are fetched in a lower quality.`}
              checked={saver}
              onChange={(event) => setSaver(event.currentTarget.checked)}
            />
            <Switch
              label={t`Propose videos to me`}
              description={t`The row “For you”. What you like counts for others without your name, only where several agree.`}
              checked={forYou}
              onChange={(event) => setForYou(event.currentTarget.checked)}
            />
          </Stack>
        </Panel>
        <Panel title={t`Look and language`}>
          <LookFields choose={choose} />
        </Panel>
      </Stack>
    </>
  );
}
