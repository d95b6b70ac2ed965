/** The sentences and labels about where the video comes from. */

import type { Nearness, SourceBytes } from '../net/sources';
import { totalBytes } from '../net/sources';
import type { PathReason } from '../net/path';
import type { PathName } from '../play/route';
import { bytes } from '../ui/format';

const CHIP: Record<Nearness, string> = {
  nearby: 'Nearby',
  office: 'Office cache',
  internet: 'Internet',
};

/** The chip's text. */
export function chipText(near: Nearness): string {
  return CHIP[near];
}

/** One sentence on the path in use and why. */
export function pathSentence(path: PathName, reason: PathReason, near: Nearness | null): string {
  if (path === 'agent') {
    if (near === 'nearby') return 'The edge peer on this PC has it, or gets it from PCs of your office.';
    if (near === 'office') return 'The edge peer on this PC gets it from your office’s cache.';
    if (near === 'internet') return 'The edge peer on this PC fetches it for your office, once.';
    return 'Through the edge peer on this PC.';
  }
  return `From the video server: ${WHY_ORIGIN[reason]}.`;
}

const WHY_ORIGIN: Record<PathReason, string> = {
  granted: 'it answered first',
  not_gated: 'it answered first',
  ask_first: 'your browser has not been asked for the office network yet',
  refused_before: 'you chose not to use the office network',
  denied: 'your browser does not let this page reach the edge peer on this PC',
  agent_answers: 'it answered first',
  agent_silent: 'no edge peer answered on this PC',
  agent_lost: 'the edge peer on this PC stopped answering',
  agent_back: 'it answered first',
};

/** The numbers as one line: `12 MB nearby, 3.1 MB from the internet`. */
export function bytesSentence(sum: SourceBytes): string {
  if (totalBytes(sum) === 0) return 'Nothing fetched yet';
  const parts: string[] = [];
  if (sum.cache > 0) parts.push(`${bytes(sum.cache)} from this PC`);
  if (sum.peer > 0) parts.push(`${bytes(sum.peer)} from PCs nearby`);
  if (sum.edge > 0) parts.push(`${bytes(sum.edge)} from the office cache`);
  if (sum.origin > 0) parts.push(`${bytes(sum.origin)} from the internet`);
  return parts.join(', ');
}
