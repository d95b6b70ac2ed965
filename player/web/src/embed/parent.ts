/**
 * The page around an embedded player: hears it, and tells it. Which pages these can be the browser enforces: the
 * answer's `frame-ancestors` names them, from the title's policy. Only the direct parent is heard, only at the origin
 * that it has at first, and nothing is sent to any other.
 */

import type { PageError } from '../errors';
import { type Call, EVENTS, type EventName, Listeners, METHODS, readCall, written } from './messages';

/** Between two `timeupdate`, ms, as browsers have it. */
const TIME_EVERY_MS = 250;

/** The parent's origin, where browsers tell it. */
function parentOrigin(): string | null {
  const { ancestorOrigins } = location as Location & { readonly ancestorOrigins?: DOMStringList };
  const first = ancestorOrigins?.[0];
  // A parent without an origin of its own (a sandbox) cannot be told apart from any other.
  return first === undefined || first === 'null' ? null : first;
}

export class Parent {
  readonly #video: HTMLVideoElement;
  readonly #listeners = new Listeners();
  /** The only origin that is heard and told; null until it is known. */
  #origin = parentOrigin();
  #ready = false;
  #toldAt = 0;

  constructor(video: HTMLVideoElement) {
    this.#video = video;
    if (window.parent === window) return;
    window.addEventListener('message', (event) => this.#hear(event));
    video.addEventListener('play', () => this.#tell('play'));
    video.addEventListener('pause', () => this.#tell('pause'));
    video.addEventListener('ended', () => this.#tell('ended'));
    video.addEventListener('timeupdate', () => this.#tellTime());
  }

  /** It can be asked to play from now on. */
  ready(): void {
    if (this.#ready) return;
    this.#ready = true;
    // Everybody hears this one: it says that there is something to listen to.
    this.#send(written('ready', this.#about(), null));
    this.#tell('ready', this.#about());
  }

  failed({ code }: Pick<PageError, 'code'>): void {
    this.#tell('error', { code });
  }

  #about(): unknown {
    return { src: location.origin + location.pathname, events: EVENTS, methods: METHODS };
  }

  #hear(event: MessageEvent): void {
    if (event.source !== window.parent || event.origin === 'null') return;
    // A browser that does not name the parent's origin: the first that speaks as it should is it.
    const call = this.#origin === null || event.origin === this.#origin ? readCall(event.data) : null;
    if (!call) return;
    this.#origin ??= event.origin;
    this.#carryOut(call);
  }

  #carryOut(call: Call): void {
    const video = this.#video;
    switch (call.method) {
      case 'play':
        return void video.play().catch(() => undefined);
      case 'pause':
        return video.pause();
      case 'setCurrentTime':
        if (Number.isFinite(video.duration)) video.currentTime = Math.min(call.seconds, video.duration);
        return;
      case 'getPaused':
        return this.#send(written('getPaused', video.paused, call.listener));
      case 'getCurrentTime':
        return this.#send(written('getCurrentTime', video.currentTime, call.listener));
      case 'getDuration':
        return this.#send(written('getDuration', Number.isFinite(video.duration) ? video.duration : 0, call.listener));
      case 'addEventListener':
        this.#listeners.add(call.event, call.listener);
        // Whoever comes late hears of it all the same.
        if (call.event === 'ready' && this.#ready) this.#send(written('ready', this.#about(), call.listener));
        return;
      case 'removeEventListener':
        return this.#listeners.remove(call.event, call.listener);
    }
  }

  #tellTime(): void {
    const now = performance.now();
    if (now - this.#toldAt < TIME_EVERY_MS) return;
    this.#toldAt = now;
    const { currentTime, duration } = this.#video;
    this.#tell('timeupdate', { seconds: currentTime, duration: Number.isFinite(duration) ? duration : 0 });
  }

  #tell(event: EventName, value?: unknown): void {
    for (const listener of this.#listeners.of(event)) this.#send(written(event, value, listener));
  }

  #send(message: string): void {
    if (this.#origin !== null) window.parent.postMessage(message, this.#origin);
  }
}
