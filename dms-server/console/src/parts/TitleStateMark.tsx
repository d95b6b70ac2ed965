/** Where a title stands, in a word. */

import { useLingui } from '@lingui/react';
import { STATE_NAMES, type Title } from '~/api/titles';
import { State } from './State';

export function TitleStateMark({ title }: { title: Pick<Title, 'state'> }) {
  const { _ } = useLingui();
  const [tone, name] = STATE_NAMES[title.state];
  return <State tone={tone}>{_(name)}</State>;
}
