/** The watch page: from an address to a playing video, or to a card that says why not. */

// First of all: what is imported after it writes HTML.
import '../ui/trusted';
import * as api from '../net/api';
import { pageNetwork } from '../net/path';
import { KeyRing } from '../play/keyring';
import { Ladder } from '../play/ladder';
import { Playback, bufferedAhead, preloadEngine } from '../play/playback';
import { PlayReport } from '../play/report';
import { Route } from '../play/route';
import { Transport } from '../play/transport';
import { PageError, explain, toPageError } from '../errors';
import { errorCard } from '../ui/cards';
import { byId, h } from '../ui/dom';
import { clock, day } from '../ui/format';
import { preparingCard, stepText } from '../ui/preparing';
import { type WatchAddress, readAddress, rememberPlace } from './address';
import { Controls } from './controls';
import { Delivery } from './delivery';
import { measure } from './meters';
import { Notice } from './offer';
import { narrowConnections } from './policy';
import { Settings } from './settings';
import type { Standing } from './standing';
import { type Phase, exposeState } from './state';
import { Stats } from './stats';
import './media-chrome';

/** Between two looks at a title that is being prepared, ms. */
const POLL_MS = 2_000;
/** Looks without an answer before the wait is given up. */
const POLL_ATTEMPTS = 15;

class WatchPage {
  readonly #title: string;
  readonly #video = byId<HTMLVideoElement>('video');
  readonly #player = byId('player');
  readonly #overlay = byId('overlay');
  readonly #route = new Route();
  readonly #report = new PlayReport();
  readonly #ladder: Ladder;
  readonly #keys: KeyRing;
  readonly #playback: Playback;
  readonly #notice: Notice;
  #standing: Standing | null = null;
  #phase: Phase = 'loading';
  #shown: api.Title | null = null;
  /** Where to start next, seconds. */
  #from = 0;

  constructor(address: WatchAddress, title: string) {
    this.#title = title;
    const declared = document.querySelector<HTMLMetaElement>('meta[name="dms-portal-network"]');
    const network = pageNetwork(location.hostname, declared?.content ?? null, address.portal);
    this.#ladder = new Ladder(this.#route, address.agent, network);
    this.#keys = new KeyRing(title, this.#route);
    const buffered = () => bufferedAhead(this.#video) * 1000;
    this.#playback = new Playback({
      video: this.#video,
      transport: new Transport(title, this.#route, buffered),
      keys: this.#keys,
      report: this.#report,
      hashes: address.hashes,
      events: { ready: () => this.#onReady(), fatal: (error) => this.#fail(error) },
    });
    this.#notice = new Notice(byId('notice'), this.#route, this.#ladder);
    const place = rememberPlace(title, this.#video);
    this.#from = address.at ?? place;
    this.#wire();
  }

  #wire(): void {
    const [video, report, route, keys, playback] = [
      this.#video,
      this.#report,
      this.#route,
      this.#keys,
      this.#playback,
    ];
    measure(video, report);
    new Delivery(byId('delivery'), byId('player-chip'), route, report);
    new Settings(byId('settings'), byId('settings-button'), video, playback);
    const sources = { video, route, report, keys, playback };
    const stats = new Stats(byId('stats'), byId('stats-button'), sources);
    const controls = new Controls({
      video,
      stage: byId('player'),
      announcer: byId('announcer'),
      help: byId<HTMLDialogElement>('help'),
      frameRate: () => playback.frameRate,
      active: () => this.#phase === 'ready' || this.#phase === 'ended',
      toggleStats: () => stats.toggle(),
    });
    byId('help-button').addEventListener('click', () => controls.showHelp());
    video.addEventListener('loadedmetadata', () => {
      // A sound recording has no picture of its own: its poster stays.
      this.#player.toggleAttribute('data-sound-only', video.videoWidth === 0);
    });
    video.addEventListener('ended', () => this.#enter('ended'));
    video.addEventListener('playing', () => this.#enter('ready'));
    window.addEventListener('online', () => {
      if (this.#phase === 'error' && report.errors.at(-1)?.code === 'offline') void this.run();
    });
    exposeState({
      ...sources,
      title: this.#title,
      phase: () => this.#phase,
      permission: () => this.#ladder.permission,
      offered: () => this.#notice.offered,
    });
  }

  #enter(phase: Phase): void {
    this.#phase = phase;
    document.body.dataset.phase = phase;
  }

  /** Does everything from the start, or again after an error. */
  async run(): Promise<void> {
    this.#enter('loading');
    this.#cover(h('span', { class: 'spinner', role: 'status', 'aria-label': 'Loading' }));
    try {
      if (!window.isSecureContext) throw new PageError('insecure_context', location.origin);
      const title = await this.#completeTitle();
      if (title) await this.#play();
    } catch (error) {
      this.#fail(toPageError(error));
    }
  }

  /** Waits until the title can be played; null when it never will. */
  async #completeTitle(): Promise<api.Title | null> {
    for (;;) {
      const title = await this.#readTitle();
      this.#show(title);
      if (title.kind === 'file') throw new PageError('title_is_file', title.title);
      if (title.state === 'complete') return title;
      if (title.state === 'failed') {
        this.#titleFailed(title);
        return null;
      }
      this.#enter('preparing');
      this.#cover(preparingCard(title));
      const step = stepText(title);
      if (byId('announcer').textContent !== step) byId('announcer').textContent = step;
      await pause(POLL_MS);
    }
  }

  /** A server that is away for a moment does not end the wait for a title. */
  async #readTitle(): Promise<api.Title> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await api.title(this.#title);
      } catch (error) {
        const waiting = this.#phase === 'preparing' && attempt < POLL_ATTEMPTS;
        if (!waiting || !(error instanceof PageError) || error.code !== 'origin_unreachable') throw error;
        await pause(POLL_MS);
      }
    }
  }

  #show(title: api.Title): void {
    this.#shown = title;
    document.title = title.title;
    byId('title').textContent = title.title;
    byId('player-title').textContent = title.title;
    const did = title.state === 'complete' ? 'Published' : 'Uploaded';
    const parts = [
      title.durationMs !== null && title.durationMs > 0 ? clock(title.durationMs / 1000) : null,
      title.createdMs !== null ? `${did} ${day(title.createdMs)}` : null,
    ];
    byId('meta').textContent = parts.filter((part) => part !== null).join(' · ');
  }

  async #play(): Promise<void> {
    // Shown before it can play: the engine measures it to choose the quality to start with.
    this.#player.hidden = false;
    this.#pictures();
    if (this.#route.log.length === 0) {
      const plan = await this.#ladder.begin();
      if (plan.offer) this.#notice.offer();
    }
    await this.#playback.start(this.#from);
  }

  #pictures(): void {
    if (this.#video.querySelector('track')) return;
    const base = `/api/v1/titles/${this.#title}`;
    byId('poster').setAttribute('src', `${base}/poster.jpg`);
    this.#video.append(
      h('track', { kind: 'metadata', label: 'thumbnails', default: true, src: `${base}/storyboard.vtt` }),
    );
    const { mediaSession } = navigator;
    if (mediaSession && this.#shown) {
      const artwork = [{ src: `${base}/poster.jpg` }];
      mediaSession.metadata = new MediaMetadata({ title: this.#shown.title, artwork });
    }
  }

  #onReady(): void {
    this.#enter('ready');
    this.#overlay.hidden = true;
    void this.#watchOver();
    // Refused by browsers that want a click first; the big button is there for it.
    void this.#video.play().catch(() => undefined);
  }

  /** Needed only once something plays, and loaded then. */
  async #watchOver(): Promise<void> {
    const { Standing } = await import('./standing');
    this.#standing ??= new Standing(this.#video, this.#keys, (error) => this.#fail(error));
    if (this.#phase === 'ready') this.#standing.start();
  }

  #fail(error: PageError): void {
    this.#from = this.#video.currentTime || this.#from;
    this.#playback.stop();
    this.#standing?.stop();
    if (error.code === 'signed_out') {
      this.#askToSignIn().catch((why: unknown) => this.#fail(toPageError(why)));
      return;
    }
    this.#enter('error');
    if (this.#report.errors.at(-1)?.code !== error.code) this.#report.failed(error, true);
    this.#cover(errorCard(error, { retry: () => void this.run() }));
  }

  /** Most people are signed in: the card is loaded for those who are not. */
  async #askToSignIn(): Promise<void> {
    const again = this.#shown !== null;
    const { signInCard } = await import('../ui/sign-in');
    this.#enter('signed_out');
    const why = again ? explain('signed_out').sentence : 'This video is for people of your company.';
    this.#cover(signInCard(why, () => void this.run()));
    byId('login').focus();
  }

  #titleFailed(title: api.Title): void {
    this.#enter('failed');
    const { code, message } = title.error ?? { code: 'unknown', message: '' };
    const error = new PageError('title_failed', `${code}: ${message}`);
    this.#report.failed(error, true);
    const retry = { retry: () => void this.run() };
    this.#cover(errorCard(error, retry, `${message} ${explain('title_failed').sentence}`.trim()));
  }

  #cover(content: HTMLElement): void {
    this.#overlay.replaceChildren(content);
    this.#overlay.hidden = false;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}

const address = readAddress(new URL(location.href));
narrowConnections(address.agent);
if (address.title === null) {
  const error = new PageError('invalid_address', location.pathname);
  document.body.dataset.phase = 'error';
  document.title = 'Nothing to watch';
  byId('overlay').replaceChildren(errorCard(error, { retry: () => location.reload() }));
} else {
  preloadEngine();
  void new WatchPage(address, address.title).run();
}
