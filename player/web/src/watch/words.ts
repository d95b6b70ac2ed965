/** The sentences and labels about where the video comes from. */

import type { Nearness, SourceBytes } from '../net/sources';
import { totalBytes } from '../net/sources';
import type { PathReason } from '../net/path';
import type { PathName } from '../play/route';
import { type Texts, t } from '../i18n/text';
import { bytes } from '../ui/format';

const CHIP = {
  nearby: 'Nearby',
  office: 'Office cache',
  internet: 'Internet',
} satisfies Texts & Record<Nearness, string>;

/** The chip's text. */
export function chipText(near: Nearness): string {
  return t(CHIP[near]);
}

/** One sentence on the path in use and why. */
export function pathSentence(path: PathName, reason: PathReason, near: Nearness | null): string {
  if (path === 'agent') {
    if (near === 'nearby') return t('The edge peer on this PC has it, or gets it from PCs of your office.');
    if (near === 'office') return t('The edge peer on this PC gets it from your office’s cache.');
    if (near === 'internet') return t('The edge peer on this PC fetches it for your office, once.');
    return t('Through the edge peer on this PC.');
  }
  return t('From the video server: {why}.', { why: t(WHY_ORIGIN[reason]) });
}

const WHY_ORIGIN = {
  granted: 'it answered first',
  not_gated: 'it answered first',
  ask_first: 'your browser has not been asked for the office network yet',
  refused_before: 'you chose not to use the office network',
  denied: 'your browser does not let this page reach the edge peer on this PC',
  agent_answers: 'it answered first',
  agent_silent: 'no edge peer answered on this PC',
  agent_lost: 'the edge peer on this PC stopped answering',
  agent_back: 'it answered first',
} satisfies Texts & Record<PathReason, string>;

/** The numbers as one line: `12 MB nearby, 3.1 MB from the internet`. */
export function bytesSentence(sum: SourceBytes): string {
  if (totalBytes(sum) === 0) return t('Nothing fetched yet');
  const parts: string[] = [];
  if (sum.cache > 0) parts.push(t('{bytes} from this PC', { bytes: bytes(sum.cache) }));
  if (sum.peer > 0) parts.push(t('{bytes} from PCs nearby', { bytes: bytes(sum.peer) }));
  if (sum.edge > 0) parts.push(t('{bytes} from the office cache', { bytes: bytes(sum.edge) }));
  if (sum.origin > 0) parts.push(t('{bytes} from the internet', { bytes: bytes(sum.origin) }));
  return parts.join(', ');
}
