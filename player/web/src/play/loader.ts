/** The loader given to hls.js: playlists as text, segments opened before the engine sees them. */

import type {
  HlsConfig,
  Loader,
  LoaderCallbacks,
  LoaderConfiguration,
  LoaderContext,
  LoaderStats,
} from 'hls.js';
import { PageError, toPageError } from '../errors';
import { sha256, toHex } from '../secure/bytes';
import { type KeyRing, type SegmentAddress, segmentAddress } from './keyring';
import type { PlayReport } from './report';
import type { Fetched, Progress, Transport } from './transport';

/** What all loaders of one playback share. */
export interface LoaderHost {
  readonly transport: Transport;
  readonly keys: KeyRing;
  readonly report: PlayReport;
  /** Also record the SHA-256 of every opened segment. */
  readonly hashes: boolean;
  /** A playlist came: gives back what of it is to be played. */
  playlist(rel: string, text: string): string | Promise<string>;
  /** Something that no retry can mend. The host stops the engine and tells the person. */
  fatal(error: PageError): void;
}

/** Errors where the bytes may be at fault, so that another source may have better ones. */
const PERHAPS_THE_BYTES: readonly string[] = ['license_wrong_key', 'segment_damaged'];
/** Errors that the engine may still get around, by waiting or by another quality. */
const ENGINE_MAY_GO_ON: readonly string[] = [
  'offline',
  'origin_unreachable',
  'server_error',
  'too_many_requests',
];

function newStats(): LoaderStats {
  return {
    aborted: false,
    loaded: 0,
    retry: 0,
    total: 0,
    chunkCount: 0,
    bwEstimate: 0,
    loading: { start: 0, first: 0, end: 0 },
    parsing: { start: 0, end: 0 },
    buffering: { start: 0, first: 0, end: 0 },
  };
}

/** A loader class for hls.js, bound to `host`. */
export function loaderClass(host: LoaderHost): new (config: HlsConfig) => Loader<LoaderContext> {
  return class extends SealedLoader {
    constructor() {
      super(host);
    }
  };
}

class SealedLoader implements Loader<LoaderContext> {
  context: LoaderContext | null = null;
  stats: LoaderStats = newStats();
  readonly #host: LoaderHost;
  readonly #abort = new AbortController();
  #callbacks: LoaderCallbacks<LoaderContext> | null = null;

  constructor(host: LoaderHost) {
    this.#host = host;
  }

  load(
    context: LoaderContext,
    _config: LoaderConfiguration,
    callbacks: LoaderCallbacks<LoaderContext>,
  ): void {
    this.context = context;
    this.#callbacks = callbacks;
    this.stats.loading.start = performance.now();
    void this.#run(context);
  }

  abort(): void {
    if (this.stats.loading.end || this.stats.aborted) return;
    this.#stop();
    if (this.context) this.#callbacks?.onAbort?.(this.stats, this.context, null);
  }

  destroy(): void {
    if (!this.stats.loading.end) this.#stop();
    this.#callbacks = null;
    this.context = null;
  }

  #stop(): void {
    this.stats.aborted = true;
    this.#abort.abort();
  }

  #progress(): Progress {
    const stats = this.stats;
    return {
      first(at) {
        stats.loading.first = at;
        stats.loaded = 0;
      },
      loaded(bytes, total) {
        stats.loaded = bytes;
        stats.total = total;
      },
    };
  }

  async #run(context: LoaderContext): Promise<void> {
    try {
      const rel = this.#host.transport.inTree(context.url);
      const data = await this.#fetch(rel, context.responseType === 'arraybuffer');
      if (this.#abort.signal.aborted) return;
      const response = { url: context.url, data, code: 200 };
      this.#callbacks?.onSuccess(response, this.stats, context, null);
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      this.#fail(toPageError(error), context);
    }
  }

  async #fetch(rel: string, binary: boolean): Promise<ArrayBuffer | string> {
    const { transport } = this.#host;
    const signal = this.#abort.signal;
    const fetched = await transport.get(rel, signal, this.#progress());
    this.#received(fetched);
    if (!binary) {
      return this.#host.playlist(rel, new TextDecoder().decode(fetched.body));
    }
    const at = segmentAddress(rel);
    if (!at) throw new PageError('unexpected', `not the address of a segment: ${rel}`);
    try {
      return await this.#open(at, fetched);
    } catch (error) {
      const failed = toPageError(error);
      if (fetched.path === 'origin' || !PERHAPS_THE_BYTES.includes(failed.code)) throw failed;
    }
    const second = await transport.fromOrigin(rel, signal, this.#progress());
    this.#received(second);
    return this.#open(at, second);
  }

  #received(fetched: Fetched): void {
    const { stats } = this;
    stats.loaded = fetched.body.length;
    stats.total = fetched.body.length;
    stats.loading.first ||= performance.now();
    stats.loading.end = Math.max(performance.now(), stats.loading.first);
  }

  async #open(at: SegmentAddress, fetched: Fetched): Promise<ArrayBuffer> {
    const { keys, report, hashes } = this.#host;
    const start = performance.now();
    const plain = await keys.openSegment(at, fetched.body);
    report.opened(fetched, performance.now() - start);
    if (hashes) report.hashed(at, toHex(await sha256(plain)));
    return plain.buffer;
  }

  #fail(error: PageError, context: LoaderContext): void {
    this.#host.report.failed(error, !ENGINE_MAY_GO_ON.includes(error.code));
    if (ENGINE_MAY_GO_ON.includes(error.code)) {
      const text = `${error.code}: ${error.message}`;
      this.#callbacks?.onError({ code: 0, text }, context, null, this.stats);
    } else {
      this.#host.fatal(error);
    }
  }
}
