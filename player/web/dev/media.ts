/** Test media: a short clip cut into CMAF by the ffmpeg command, kept for the next run. */

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, rename, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const CACHE = fileURLToPath(new URL('../node_modules/.cache/dms-dev/', import.meta.url));

/** One rendition: its header and segments, in the clear. */
export interface ClipTrack {
  readonly id: number;
  readonly kind: 'video' | 'audio';
  readonly width: number;
  readonly height: number;
  readonly codecs: string;
  /** Segment 0 is the header. */
  readonly segments: Buffer[];
  /** Seconds, of the segments after the header. */
  readonly durations: number[];
}

/** A clip as the transcoder would leave it. */
export interface Clip {
  readonly tracks: ClipTrack[];
  readonly seconds: number;
  readonly frameRate: number;
  /** Pictures in every video track. */
  readonly frames: number;
  readonly poster: Buffer;
  readonly sprites: Buffer;
  readonly storyboard: string;
}

/** What to make a clip of. */
export interface ClipRecipe {
  /** A video file; without one a moving test picture with a tone is made. */
  readonly file?: string;
  readonly seconds?: number;
  readonly segmentSeconds?: number;
}

const RATE = 25;
const LADDER = [
  { id: 1, width: 640, height: 360, bitrate: '700k', codecs: 'avc1.64001e' },
  { id: 2, width: 320, height: 180, bitrate: '250k', codecs: 'avc1.64000d' },
] as const;
const AUDIO = 3;
const TILE = { width: 160, height: 90, columns: 5, rows: 5 };

function input(recipe: Required<Pick<ClipRecipe, 'seconds'>> & ClipRecipe): string[] {
  if (recipe.file) return ['-stream_loop', '-1', '-t', `${recipe.seconds}`, '-i', recipe.file];
  const picture = `testsrc2=size=640x360:rate=${RATE}:duration=${recipe.seconds}`;
  const tone = `sine=frequency=330:sample_rate=48000:duration=${recipe.seconds}`;
  return ['-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', tone];
}

function hls(folder: string, segmentSeconds: number): string[] {
  return [
    ...['-f', 'hls', '-hls_playlist_type', 'vod', '-hls_segment_type', 'fmp4'],
    ...['-hls_time', `${segmentSeconds}`, '-hls_fmp4_init_filename', 'init.mp4'],
    ...['-hls_segment_filename', `${folder}/%d.m4s`, `${folder}/index.m3u8`],
  ];
}

async function make(folder: string, recipe: Required<Omit<ClipRecipe, 'file'>> & ClipRecipe): Promise<void> {
  const { seconds, segmentSeconds } = recipe;
  const source = ['-v', 'error', '-y', ...input(recipe)];
  const audioInput = recipe.file ? '0:a:0' : '1:a:0';
  const gop = `${RATE * segmentSeconds}`;
  const outputs: string[] = [];
  for (const { id, width, height, bitrate } of LADDER) {
    await mkdir(`${folder}/${id}`, { recursive: true });
    outputs.push(
      ...['-map', '0:v:0', '-t', `${seconds}`, '-r', `${RATE}`, '-vf', `scale=${width}:${height}`],
      ...['-c:v', 'libx264', '-preset', 'veryfast', '-profile:v', 'high', '-pix_fmt', 'yuv420p'],
      ...['-b:v', bitrate, '-g', gop, '-keyint_min', gop, '-sc_threshold', '0'],
      ...hls(`${folder}/${id}`, segmentSeconds),
    );
  }
  await mkdir(`${folder}/${AUDIO}`, { recursive: true });
  outputs.push(
    ...['-map', audioInput, '-t', `${seconds}`, '-c:a', 'aac', '-b:a', '96k', '-ac', '2'],
    ...hls(`${folder}/${AUDIO}`, segmentSeconds),
  );
  await run('ffmpeg', [...source, ...outputs]);
  const tile = `fps=1,scale=${TILE.width}:${TILE.height},tile=${TILE.columns}x${TILE.rows}`;
  await run('ffmpeg', [...source, '-vf', tile, '-frames:v', '1', '-q:v', '4', `${folder}/sprites.jpg`]);
  const middle = `${Math.floor(seconds / 2)}`;
  const poster = ['-ss', middle, '-vf', 'scale=640:360', '-frames:v', '1', '-q:v', '3'];
  await run('ffmpeg', [...source, ...poster, `${folder}/poster.jpg`]);
}

async function readTrack(
  folder: string,
  track: Omit<ClipTrack, 'segments' | 'durations'>,
): Promise<ClipTrack> {
  const names = (await readdir(`${folder}/${track.id}`)).filter((name) => /^\d+\.m4s$/.test(name));
  const header = await readFile(`${folder}/${track.id}/init.mp4`);
  if (track.kind === 'video') startAtZero(header);
  const segments = [header];
  for (let i = 0; i < names.length; i++) segments.push(await readFile(`${folder}/${track.id}/${i}.m4s`));
  const playlist = await readFile(`${folder}/${track.id}/index.m3u8`, 'utf8');
  const durations = [...playlist.matchAll(/#EXTINF:([\d.]+)/g)].map((match) => Number(match[1]));
  return { ...track, segments, durations };
}

/** What x264's reordering delays the first picture by, in pictures. */
const DELAY_PICTURES = 2;

/**
 * ffmpeg leaves the first picture at its delay after zero. The product's packager takes the delay
 * back with an edit list; so does this, in the one ffmpeg wrote (version 0, one entry).
 */
function startAtZero(header: Buffer): void {
  const [edits, times] = [header.indexOf('elst'), header.indexOf('mdhd')];
  if (edits < 0 || times < 0) throw new Error('the header has no edit list');
  const timescale = header.readUInt32BE(times + 4 + 4 + 8);
  header.writeUInt32BE((timescale / RATE) * DELAY_PICTURES, edits + 4 + 4 + 4 + 4);
}

function storyboard(seconds: number): string {
  const time = (at: number) => new Date(at * 1000).toISOString().slice(11, 23);
  const cues = Array.from({ length: Math.min(seconds, TILE.columns * TILE.rows) }, (_, nth) => {
    const x = (nth % TILE.columns) * TILE.width;
    const y = Math.floor(nth / TILE.columns) * TILE.height;
    const place = `sprites.jpg#xywh=${x},${y},${TILE.width},${TILE.height}`;
    return `${time(nth)} --> ${time(nth + 1)}\n${place}\n`;
  });
  return `WEBVTT\n\n${cues.join('\n')}`;
}

/** Makes the clip, or reads the one an earlier run made. Needs the `ffmpeg` command. */
export async function makeClip(recipe: ClipRecipe = {}): Promise<Clip> {
  const full = { seconds: 12, segmentSeconds: 2, ...recipe };
  const name = createHash('sha256').update(JSON.stringify(full)).digest('hex').slice(0, 16);
  const folder = `${CACHE}${name}`;
  if (!existsSync(folder)) {
    // Made beside and renamed, so that a run that is stopped half-way leaves no half clip.
    const half = `${folder}.${process.pid}`;
    await rm(half, { recursive: true, force: true });
    await mkdir(half, { recursive: true });
    await make(half, full);
    await rename(half, folder);
  }
  const videos = LADDER.map(({ id, width, height, codecs }) =>
    readTrack(folder, { id, kind: 'video', width, height, codecs }),
  );
  const audio = readTrack(folder, { id: AUDIO, kind: 'audio', width: 0, height: 0, codecs: 'mp4a.40.2' });
  return {
    tracks: await Promise.all([...videos, audio]),
    seconds: full.seconds,
    frameRate: RATE,
    frames: full.seconds * RATE,
    poster: await readFile(`${folder}/poster.jpg`),
    sprites: await readFile(`${folder}/sprites.jpg`),
    storyboard: storyboard(full.seconds),
  };
}
