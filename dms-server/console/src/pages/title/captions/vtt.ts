/** WebVTT as the server writes it, to cues and back. Pure. */

import { type Cue, keyed } from './cues';
import { readStamp, stamp } from './stamp';

const MEANS: Readonly<Record<string, string>> = { '&lt;': '<', '&gt;': '>', '&amp;': '&' };

/** The cues of a file that the server gave: it is checked, sorted, and its text is plain. */
export function readVtt(file: string): Cue[] {
  const blocks = file.replaceAll('\r\n', '\n').split(/\n{2,}/);
  const cues: Omit<Cue, 'key'>[] = [];
  for (const block of blocks) {
    const [times = '', ...lines] = block.split('\n');
    const found = /^(\S+) --> (\S+)(?: (.*))?$/.exec(times);
    const startMs = readStamp(found?.[1] ?? '');
    const endMs = readStamp(found?.[2] ?? '');
    if (startMs === null || endMs === null) continue;
    const text = lines.filter((line) => line !== '').join('\n');
    cues.push({ startMs, endMs, settings: found?.[3] ?? '', text: text.replace(/&(?:lt|gt|amp);/g, (name) => MEANS[name] ?? name) });
  }
  return keyed(cues);
}

/** The line of {@link writeVtt}'s file on which each cue begins is needed to find the cue of a fault. */
export interface Written {
  readonly file: string;
  /** Where the times of each cue stand, from 1. */
  readonly lines: readonly number[];
}

/** The cues as a file. What would end a cue early, an empty line, is left out. */
export function writeVtt(cues: readonly Cue[]): Written {
  const out = ['WEBVTT', ''];
  const lines: number[] = [];
  for (const { startMs, endMs, settings, text } of cues) {
    lines.push(out.length + 1);
    out.push(`${stamp(startMs)} --> ${stamp(endMs)}${settings && ` ${settings}`}`);
    for (const line of text.split('\n')) {
      if (line.trim() === '') continue;
      out.push(line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'));
    }
    out.push('');
  }
  return { file: out.join('\n'), lines };
}

/** The cue, from 0, that stands on a line of the file; null: before the first. */
export function cueAtLine({ lines }: Written, line: number): number | null {
  let at = lines.length - 1;
  while (at >= 0 && (lines[at] ?? 0) > line) at -= 1;
  return at < 0 ? null : at;
}
