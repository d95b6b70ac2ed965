/** One playback: the engine, its loader, and what the page needs to know of both. */

import type Hls from 'hls.js';
import type { ErrorData, HlsConfig } from 'hls.js';
import { PageError } from '../errors';
import { locale } from '../i18n/text';
import type { KeyRing } from './keyring';
import { type LoaderHost, loaderClass } from './loader';
import { type Variant, licensedOnly, variants } from './master';
import type { PlayReport } from './report';
import type { Transport } from './transport';

type Engine = typeof Hls;

/** A quality of the ladder. */
export interface Quality {
  readonly index: number;
  readonly width: number;
  readonly height: number;
  /** Bits per second. */
  readonly bitrate: number;
}

/** What the page is told. */
export interface PlaybackEvents {
  /** The ladder is known. */
  ready(): void;
  /** Playback cannot go on; the engine is stopped. */
  fatal(error: PageError): void;
  /** A media playlist has breaks; the engine waits for what becomes of it. */
  breaks?(playlist: string): Promise<void>;
}

/** Parts of a playback that outlive a retry. */
export interface PlaybackParts {
  readonly video: HTMLVideoElement;
  readonly transport: Transport;
  readonly keys: KeyRing;
  readonly report: PlayReport;
  readonly hashes: boolean;
  readonly events: PlaybackEvents;
}

/** Lines of the picture at most while data is saved. */
export const SAVER_LINES = 480;
/** How often the decoder is restarted before the error is shown. */
const MAX_RECOVERIES = 2;
const NO_RETRY = {
  default: {
    // The transport owns time limits and retries; a second layer of them would only multiply.
    maxTimeToFirstByteMs: Number.POSITIVE_INFINITY,
    maxLoadTimeMs: 600_000,
    timeoutRetry: null,
    errorRetry: null,
  },
};

/** Loads the engine. Throws `browser_unsupported` where it cannot run. */
async function loadEngine(): Promise<Engine> {
  let engine: Engine;
  try {
    engine = (await import('hls.js')).default;
  } catch (error) {
    throw new PageError('player_missing', String(error), null, error);
  }
  // Asked of the engine, never of canPlayType: browsers that play HLS by themselves cannot open
  // sealed segments.
  if (!engine.isSupported()) throw new PageError('browser_unsupported', 'no Media Source Extensions');
  return engine;
}

/** Fetches the engine ahead of the first use. */
export function preloadEngine(): void {
  void import('hls.js').catch(() => undefined);
}

export class Playback {
  readonly #parts: PlaybackParts;
  #hls: Hls | null = null;
  #recoveries = 0;
  #ended = false;
  #saving = false;
  #all: readonly Variant[] = [];
  #licensed: readonly Variant[] = [];
  frameRate = 25;

  constructor(parts: PlaybackParts) {
    this.#parts = parts;
  }

  /** Starts the engine at `from` seconds. Throws {@link PageError}. */
  async start(from: number): Promise<void> {
    const { video, keys, transport } = this.#parts;
    const [engine] = await Promise.all([loadEngine(), keys.license()]);
    this.stop();
    this.#ended = false;
    const hls = new engine(this.#config(from));
    this.#hls = hls;
    hls.on(engine.Events.MANIFEST_PARSED, () => {
      this.#capped();
      this.frameRate = hls.levels.find((level) => level.frameRate > 0)?.frameRate ?? 25;
      this.#parts.events.ready();
    });
    hls.on(engine.Events.ERROR, (_, data) => this.#onError(engine, data));
    hls.loadSource(transport.masterUrl);
    hls.attachMedia(video);
  }

  #config(from: number): Partial<HlsConfig> {
    const { transport, keys, report, hashes } = this.#parts;
    const fatal = (error: PageError) => this.#fatal(error);
    const host: LoaderHost = { transport, keys, report, hashes, fatal, playlist: (rel, text) => this.#playlist(rel, text) };
    const loader = loaderClass(host);
    return {
      loader,
      // Breaks are played by src/breaks.
      interstitialsController: undefined as never,
      startPosition: from > 0 ? from : -1,
      // CMAF needs no transmuxing worth a worker, and without one the page needs no blob: scripts.
      enableWorker: false,
      // A test download would be thrown away, and it would cross the office's link.
      testBandwidth: false,
      abrEwmaDefaultEstimate: 3_000_000,
      capLevelToPlayerSize: true,
      startFragPrefetch: true,
      lowLatencyMode: false,
      maxBufferLength: 30,
      maxMaxBufferLength: 60,
      backBufferLength: 60,
      manifestLoadPolicy: NO_RETRY,
      playlistLoadPolicy: NO_RETRY,
      fragLoadPolicy: NO_RETRY,
    };
  }

  async #playlist(rel: string, text: string): Promise<string> {
    if (rel === 'master.m3u8') return this.#master(text);
    // A title plays whatever becomes of its breaks.
    if (text.includes('apple.hls.interstitial')) await this.#parts.events.breaks?.(text).catch(() => undefined);
    return text;
  }

  #master(text: string): string {
    const tracks = this.#parts.keys.current?.keys;
    const kept = tracks ? licensedOnly(text, new Set(tracks.keys())) : text;
    this.#all = variants(text);
    this.#licensed = variants(kept);
    return kept;
  }

  /** Every quality that the video has, and those that the licence opens. */
  get offered(): { readonly all: readonly Variant[]; readonly licensed: readonly Variant[] } {
    return { all: this.#all, licensed: this.#licensed };
  }

  get savesData(): boolean {
    return this.#saving;
  }

  /** Goes no higher than {@link SAVER_LINES} while `save`. */
  saveData(save: boolean): void {
    this.#saving = save;
    this.#capped();
  }

  #capped(): void {
    const hls = this.#hls;
    if (!hls || hls.levels.length === 0) return;
    hls.capLevelToPlayerSize = !this.#saving;
    if (!this.#saving) return;
    const low = hls.levels.flatMap(({ width, height }, index) =>
      Math.min(width, height) <= SAVER_LINES ? [index] : [],
    );
    // The levels ascend: the last of the low ones is the best; where none is low, the lowest has to do.
    hls.autoLevelCapping = low.at(-1) ?? 0;
  }

  #onError(engine: Engine, data: ErrorData): void {
    if (!data.fatal || this.#ended) return;
    if (data.type === engine.ErrorTypes.MEDIA_ERROR && this.#recoveries < MAX_RECOVERIES) {
      this.#recoveries += 1;
      this.#hls?.recoverMediaError();
      return;
    }
    this.#fatal(this.#named(engine, data));
  }

  /** The engine's error in the words of the catalogue; the transport's own error where it has one. */
  #named(engine: Engine, data: ErrorData): PageError {
    const detail = `${data.details}: ${data.error.message}`;
    if (data.type === engine.ErrorTypes.NETWORK_ERROR) {
      const code = navigator.onLine === false ? 'offline' : 'origin_unreachable';
      const requestId = this.#parts.report.errors.at(-1)?.requestId ?? null;
      return new PageError(code, detail, requestId);
    }
    const codecs = data.details === engine.ErrorDetails.MANIFEST_INCOMPATIBLE_CODECS_ERROR;
    const media = data.type === engine.ErrorTypes.MEDIA_ERROR;
    const code = codecs ? 'browser_unsupported' : media ? 'media_decode' : 'unexpected';
    return new PageError(code, detail);
  }

  #fatal(error: PageError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.stop();
    this.#parts.events.fatal(error);
  }

  /** Stops the engine. What is on the screen stays. */
  stop(): void {
    this.#hls?.destroy();
    this.#hls = null;
  }

  /** The ladder, best first. */
  get qualities(): Quality[] {
    const levels = this.#hls?.levels ?? [];
    return levels
      .map(({ width, height, bitrate }, index) => ({ index, width, height, bitrate }))
      .sort((a, b) => b.bitrate - a.bitrate);
  }

  /** The quality on the screen; null before the first picture. */
  get quality(): Quality | null {
    const index = this.#hls?.currentLevel ?? -1;
    return this.qualities.find((quality) => quality.index === index) ?? null;
  }

  /** The index of the chosen quality; -1 when the engine chooses. */
  get chosen(): number {
    return this.#hls?.autoLevelEnabled === false ? this.#hls.nextLevel : -1;
  }

  /** Plays `index` from the next segment on; -1 lets the engine choose. */
  choose(index: number): void {
    if (this.#hls) this.#hls.nextLevel = index;
  }

  /** The engine's estimate, bits per second. */
  get bandwidth(): number {
    return this.#hls?.bandwidthEstimate ?? 0;
  }

  /** Sound languages: names, and which one plays. */
  get audioTracks(): { name: string; selected: boolean }[] {
    const hls = this.#hls;
    const languages = new Intl.DisplayNames([locale()], { type: 'language' });
    return (hls?.audioTracks ?? []).map(({ name, lang }, index) => ({
      name: lang ? (languages.of(lang) ?? name) : name,
      selected: index === hls?.audioTrack,
    }));
  }

  chooseAudio(index: number): void {
    if (this.#hls) this.#hls.audioTrack = index;
  }
}

/** Seconds that `video` can go on from where it is. */
export function bufferedAhead(video: HTMLVideoElement): number {
  const { buffered, currentTime } = video;
  for (let i = 0; i < buffered.length; i++) {
    if (buffered.start(i) <= currentTime + 0.1 && currentTime <= buffered.end(i)) {
      return buffered.end(i) - currentTime;
    }
  }
  return 0;
}
