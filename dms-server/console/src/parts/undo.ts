/** Acts that are done after a while unless they are taken back. */

export class Undoing {
  readonly #waitMs: number;
  readonly #waiting = new Map<string, { act: () => void; timer: ReturnType<typeof setTimeout> }>();

  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  /** Does `act` after the wait. */
  add(id: string, act: () => void): void {
    const timer = setTimeout(() => this.#finish(id), this.#waitMs);
    this.#waiting.set(id, { act, timer });
  }

  /** Takes it back; false when it was done already. */
  cancel(id: string): boolean {
    const found = this.#waiting.get(id);
    if (!found) return false;
    clearTimeout(found.timer);
    return this.#waiting.delete(id);
  }

  /** Does at once all that waits. */
  finishAll(): void {
    for (const id of [...this.#waiting.keys()]) this.#finish(id);
  }

  #finish(id: string): void {
    const found = this.#waiting.get(id);
    if (!found) return;
    this.cancel(id);
    found.act();
  }
}
