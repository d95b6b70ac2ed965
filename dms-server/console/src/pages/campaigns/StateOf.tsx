/** The state of a campaign. */

import { useLingui } from '@lingui/react';
import { State } from '~/parts/State';
import { STATES } from './texts';

export function StateOf({ state }: { state: string }) {
  const { i18n } = useLingui();
  const known = STATES[state];
  return <State tone={known?.tone ?? 'quiet'}>{known ? i18n._(known.name) : state}</State>;
}
