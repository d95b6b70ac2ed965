/** The browsers' policy that opens the way from the portal's pages to the agent, for each system. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Group, SegmentedControl, Stack, Text } from '@mantine/core';
import { Notice } from '~/parts/Notice';
import { Panel } from '~/parts/Panel';
import { useUrlState } from '~/parts/url-state';
import { type Browser, BROWSERS, policyJson, policyPlist, policyReg } from './policies';
import { Snippet } from './Snippet';

const DEFAULTS = { browser: 'chrome', system: 'windows' };

export function PolicyPanel() {
  const { t } = useLingui();
  const [{ browser: asked, system }, change] = useUrlState(DEFAULTS);
  const browser: Browser = asked === 'edge' ? 'edge' : 'chrome';
  const { linux, bundle } = BROWSERS[browser];
  const origin = location.origin;
  return (
    <Panel title={t`4. Browsers`}>
      <Stack>
        <Text size="sm" c="dimmed">
          <Trans>
            Chrome and Edge ask before a page may reach a program on the same PC. This policy allows it for {origin}, so
            that nobody is asked. Without it, videos play from the origin until somebody agrees.
          </Trans>
        </Text>
        {location.protocol !== 'https:' && (
          <Notice kind="warn">
            <Trans>Browsers allow this for pages over HTTPS only; this one is not. See TLS in the operations manual.</Trans>
          </Notice>
        )}
        <Group gap="sm">
          <SegmentedControl
            aria-label={t`Browser`}
            value={browser}
            onChange={(next) => change({ browser: next })}
            data={Object.entries(BROWSERS).map(([value, { name }]) => ({ value, label: name }))}
          />
          <SegmentedControl
            aria-label={t`System`}
            value={system}
            onChange={(next) => change({ system: next })}
            data={[
              { value: 'windows', label: 'Windows' },
              { value: 'macos', label: 'macOS' },
              { value: 'linux', label: 'Linux' },
            ]}
          />
        </Group>
        {system === 'linux' ? (
          <Snippet label={linux} text={policyJson(origin)} file={{ name: 'dms.json', type: 'application/json' }} />
        ) : system === 'macos' ? (
          <Snippet
            label={t`Managed preferences of ${bundle}`}
            text={policyPlist(origin)}
            file={{ name: `${bundle}.plist`, type: 'application/xml' }}
          />
        ) : (
          <Snippet
            label={t`Registry`}
            text={policyReg(origin, browser)}
            file={{ name: `dms-${browser}.reg`, type: 'text/plain' }}
          />
        )}
      </Stack>
    </Panel>
  );
}
