/** The speed of an upload, steady enough to estimate with. */

const WINDOW_MS = 8_000;
const SETTLE_MS = 800;

/** Bytes per second over the last seconds. */
export class RateMeter {
  #samples: { bytes: number; at: number }[] = [];

  /** `bytes` are sent in all at `at` ms. Returns bytes per second; 0 until that means something. */
  add(bytes: number, at: number): number {
    const last = this.#samples.at(-1);
    if (last && bytes < last.bytes) this.reset();
    this.#samples.push({ bytes, at });
    this.#samples = this.#samples.filter((sample) => at - sample.at <= WINDOW_MS);
    const first = this.#samples[0];
    if (!first || at - first.at < SETTLE_MS) return 0;
    return ((bytes - first.bytes) * 1000) / (at - first.at);
  }

  /** Forgets what was measured, as after a pause. */
  reset(): void {
    this.#samples = [];
  }
}
