/** What a playback did: the numbers behind the chip, the statistics and `window.dmsPlayer`. */

import { type Nearness, RecentSources, type SourceBytes, addBytes, noBytes } from '../net/sources';
import type { PageError } from '../errors';
import type { SegmentAddress } from './keyring';
import type { Fetched } from './transport';

/** An error as reported. */
export interface ReportedError {
  readonly code: string;
  readonly message: string;
  readonly requestId: string | null;
  readonly fatal: boolean;
}

/** Most entries of each list; a page may stay open for days. */
const MAX_LIST = 10_000;

/** Collects the numbers of one page view. */
export class PlayReport {
  readonly bytes: SourceBytes = noBytes();
  readonly errors: ReportedError[] = [];
  /** `{track}/{segment}` -> lower-case hexadecimal SHA-256 of the opened segment. */
  readonly hashes = new Map<string, string>();
  readonly #recent = new RecentSources();
  segments = 0;
  /** Time spent in opening segments, ms. */
  openMs = 0;
  stalls = 0;
  stalledMs = 0;
  /** From the wish to play to the first picture, ms; null before. */
  startupMs: number | null = null;
  #onBytes: () => void = () => undefined;

  /** Calls `listener` whenever bytes were counted. */
  whenBytesCome(listener: () => void): void {
    this.#onBytes = listener;
  }

  /** Where the last segments came from. */
  get nearness(): Nearness | null {
    return this.#recent.nearness();
  }

  /** A segment arrived and was opened. */
  opened(fetched: Fetched, tookMs: number): void {
    this.segments += 1;
    this.openMs += tookMs;
    addBytes(this.bytes, fetched.source);
    this.#recent.add(fetched.source);
    this.#onBytes();
  }

  hashed({ track, segment }: SegmentAddress, sha256: string): void {
    if (this.hashes.size < MAX_LIST) this.hashes.set(`${track}/${segment}`, sha256);
  }

  failed(error: PageError, fatal: boolean): void {
    if (this.errors.length >= MAX_LIST) return;
    const { code, message, requestId } = error;
    this.errors.push({ code, message, requestId, fatal });
  }
}
