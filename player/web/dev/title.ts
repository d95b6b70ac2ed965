/** A clip, sealed: what a DMS and an agent of the development server hand out. */

import { randomUUID } from 'node:crypto';
import { type Bytes, fromUuid } from '../src/secure/bytes';
import { segmentAad } from '../src/secure/cbor';
import type { Clip } from './media';
import { random, seal, trackKey } from './sealer';

export const TENANT = 'dev';

/** A title that can be played. */
export interface SealedTitle {
  readonly id: string;
  readonly version: number;
  readonly clip: Clip;
  /** Track -> key, as a licence carries them. */
  readonly keys: ReadonlyMap<number, Bytes>;
  /** `{version}/{track}/{segment}.m4s` -> message. */
  readonly messages: ReadonlyMap<string, Bytes>;
}

/** Seals every segment of `clip` under a new title key. */
export async function sealTitle(clip: Clip, id: string = randomUUID(), version = 1): Promise<SealedTitle> {
  const titleKey = random(32);
  const keys = new Map<number, Bytes>();
  const messages = new Map<string, Bytes>();
  for (const track of clip.tracks) {
    const key = await trackKey(titleKey, track.id);
    keys.set(track.id, key);
    for (const [segment, plain] of track.segments.entries()) {
      const aad = segmentAad({ tenant: TENANT, title: id, version, track: track.id, segment });
      const message = await seal(key, aad, new Uint8Array(plain));
      messages.set(`${version}/${track.id}/${segment}.m4s`, message);
    }
  }
  return { id, version, clip, keys, messages };
}

/** The 16 bytes of a title's id. */
export function titleBytes(title: SealedTitle): Bytes {
  const bytes = fromUuid(title.id);
  if (!bytes) throw new Error(`${title.id} is not a UUID`);
  return bytes;
}

/** A playlist of the title's tree; null for a path that is none. */
export function playlist(title: SealedTitle, rel: string, ranges: readonly string[] = []): string | null {
  if (rel === 'master.m3u8') return master(title);
  const track = title.clip.tracks.find(({ id }) => rel === `${title.version}/${id}/index.m3u8`);
  if (!track) return null;
  const lines = track.durations.map((seconds, i) => `#EXTINF:${seconds.toFixed(6)},\n${i + 1}.m4s`);
  const target = Math.ceil(Math.max(...track.durations));
  return [
    '#EXTM3U\n#EXT-X-VERSION:7',
    `#EXT-X-TARGETDURATION:${target}\n#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-PLAYLIST-TYPE:VOD`,
    '#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-MAP:URI="0.m4s"',
    ...(ranges.length > 0 ? ['#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:00.000Z', ...ranges] : []),
    ...lines,
    '#EXT-X-ENDLIST\n',
  ].join('\n');
}

function master(title: SealedTitle): string {
  const { version, clip } = title;
  const audio = clip.tracks.find(({ kind }) => kind === 'audio');
  const lines = [
    '#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS',
    '#EXT-X-SESSION-DATA:DATA-ID="dms.sealing",VALUE="floe1"',
  ];
  if (audio) {
    const uri = `${version}/${audio.id}/index.m3u8`;
    const group = 'TYPE=AUDIO,GROUP-ID="audio",NAME="und",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2"';
    lines.push(`#EXT-X-MEDIA:${group},URI="${uri}"`);
  }
  for (const track of clip.tracks) {
    if (track.kind !== 'video') continue;
    const bits = track.segments.reduce((sum, segment) => sum + segment.length * 8, 0);
    const bandwidth = Math.round((bits / clip.seconds) * 1.2);
    const codecs = audio ? `${track.codecs},${audio.codecs}` : track.codecs;
    const size = `RESOLUTION=${track.width}x${track.height},FRAME-RATE=${clip.frameRate.toFixed(3)}`;
    const group = audio ? ',AUDIO="audio"' : '';
    lines.push(`#EXT-X-STREAM-INF:BANDWIDTH=${bandwidth},CODECS="${codecs}",${size}${group}`);
    lines.push(`${version}/${track.id}/index.m3u8`);
  }
  return `${lines.join('\n')}\n`;
}
