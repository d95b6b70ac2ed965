/** Light or dark, and the language: of this browser. */

import { useLingui } from '@lingui/react/macro';
import { choose } from '~/i18n';
import { LookFields } from '~/parts/LookFields';
import { Panel } from '~/parts/Panel';

export default function LookTab() {
  const { t } = useLingui();
  return (
    <Panel>
      <LookFields choose={choose} description={t`Kept in this browser.`} />
    </Panel>
  );
}
