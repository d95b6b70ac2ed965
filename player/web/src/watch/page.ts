/** The player of a page: from an address to a playing video, or to a card that says why not. */

import * as api from '../net/api';
import { home } from '../net/home';
import { pageNetwork } from '../net/path';
import { KeyRing } from '../play/keyring';
import { Ladder } from '../play/ladder';
import { Playback, bufferedAhead, preloadEngine } from '../play/playback';
import { PlayReport } from '../play/report';
import { Route } from '../play/route';
import { tellDelivery } from '../play/telling';
import { Transport } from '../play/transport';
import { PageError, explain, toPageError } from '../errors';
import { startLanguage } from '../i18n/start';
import { t } from '../i18n/text';
import { errorCard } from '../ui/cards';
import { byId, h } from '../ui/dom';
import { type WatchAddress, rememberPlace } from './address';
import type { Breaks } from '../breaks/breaks';
import type { Captions } from './captions';
import { Controls } from './controls';
import { measure } from './meters';
import type { Handoff } from './handoff';
import type { Notice } from './offer';
import type { Standing } from './standing';
import { type Phase, exposeState } from './state';
import type { Stats } from './stats';
import './media-chrome';

/** Between two looks at a title that is being prepared, ms. */
const POLL_MS = 2_000;
/** How long the usual card waits for a better one, ms. */
const EXPLAIN_BUDGET_MS = 3_000;
/** Looks without an answer before the wait is given up. */
const POLL_ATTEMPTS = 15;

/** What stands around the player: the watch page, or a page that shows it in a frame. */
export interface Surroundings {
  /** The title was read, maybe not for the first time. */
  shown(title: api.Title): void;
  /** Where the person stopped before, as the server knows it, seconds; null: it does not say, or not in time. */
  place(): Promise<number | null>;
  /** It can be played. */
  ready(): void;
  /** It was played to its end: the card to show over it, if any. */
  ended(): HTMLElement | null;
  /** It cannot go on: the card to show instead of the usual one, if any. */
  failed(error: PageError): Promise<HTMLElement | null>;
  /** The card for who has to sign in first. */
  signIn(why: string, done: () => void): Promise<HTMLElement>;
}

/** The player's parts that others on the page use. */
export interface PlayerParts {
  readonly title: string;
  readonly video: HTMLVideoElement;
  readonly route: Route;
  readonly ladder: Ladder;
  readonly report: PlayReport;
  readonly playback: Playback;
  readonly captions: Captions;
  readonly notice: Notice;
  readonly handoff: Handoff;
  /** Opens or closes the transcript; null where there is none. */
  toggleTranscript: (() => void) | null;
  retry(): void;
  uncover(): void;
}

/** Loads what stands around the player, and gives what makes it. */
export type MakeSurroundings = () => Promise<(parts: PlayerParts) => Surroundings>;

export class WatchPage {
  readonly #title: string;
  readonly #beside: Promise<void>;
  readonly #video = byId<HTMLVideoElement>('video');
  readonly #player = byId('player');
  readonly #overlay = byId('overlay');
  readonly #route = new Route();
  readonly #report = new PlayReport();
  readonly #ladder: Ladder;
  readonly #keys: KeyRing;
  readonly #playback: Playback;
  /** What is loaded beside the first requests; null before. */
  #parts: PlayerParts | null = null;
  #around: Surroundings | null = null;
  #stats: Stats | null = null;
  #standing: Standing | null = null;
  #breaks: Breaks | null = null;
  #phase: Phase = 'loading';
  #shown: api.Title | null = null;
  /** Where to start next, seconds; null: where the person stopped. */
  #from: number | null;
  readonly #left: number;

  constructor(address: WatchAddress, title: string, around: MakeSurroundings) {
    this.#title = title;
    const declared = document.querySelector<HTMLMetaElement>('meta[name="dms-portal-network"]');
    const asked = home.agent ? null : address.portal;
    const network = pageNetwork(location.hostname, declared?.content ?? null, asked);
    this.#ladder = new Ladder(this.#route, address.agent, network);
    this.#keys = new KeyRing(title, this.#route);
    const buffered = () => bufferedAhead(this.#video) * 1000;
    this.#playback = new Playback({
      video: this.#video,
      transport: new Transport(title, this.#route, buffered),
      keys: this.#keys,
      report: this.#report,
      hashes: address.hashes,
      events: {
        ready: () => this.#onReady(),
        fatal: (error) => this.#fail(error),
        breaks: (playlist) => this.#meet(playlist),
      },
    });
    this.#from = address.at;
    this.#left = rememberPlace(title, this.#video);
    this.#wire();
    this.#beside = this.#load(around);
    // Whoever waits for it is told; until somebody does, that it failed is no news.
    this.#beside.catch(() => undefined);
  }

  /** What is of use once something plays. */
  async #load(around: MakeSurroundings): Promise<void> {
    const [beside, make] = await Promise.all([import('./beside'), around()]).catch((error: unknown) => {
      throw new PageError('player_missing', String(error), null, error);
    });
    const [video, playback, route] = [this.#video, this.#playback, this.#route];
    const captions = new beside.Captions(this.#title, video);
    const sources = { video, route, report: this.#report, keys: this.#keys, playback };
    playback.saveData(beside.savesData());
    new beside.Settings(byId('settings'), byId('settings-button'), { video, playback, captions });
    const handoff = new beside.Handoff(this.#title, video, route, this.#ladder);
    const notice = new beside.Notice(byId('notice'), route, this.#ladder, handoff);
    this.#stats = new beside.Stats(byId('stats'), document.getElementById('stats-button'), sources);
    this.#parts = {
      title: this.#title,
      video,
      route,
      ladder: this.#ladder,
      report: this.#report,
      playback,
      captions,
      notice,
      handoff,
      toggleTranscript: null,
      retry: () => void this.run(),
      uncover: () => {
        this.#overlay.hidden = true;
      },
    };
    this.#around = make(this.#parts);
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
    tellDelivery(this.#title, video, report, route);
    const sources = { video, route, report, keys, playback };
    const controls = new Controls({
      video,
      stage: byId('player'),
      announcer: byId('announcer'),
      help: byId<HTMLDialogElement>('help'),
      frameRate: () => playback.frameRate,
      active: () => this.#phase === 'ready' || this.#phase === 'ended',
      toggleStats: () => this.#stats?.toggle(),
      captions: () => this.#parts?.captions ?? null,
      toggleTranscript: () => this.#parts?.toggleTranscript?.(),
    });
    document.getElementById('help-button')?.addEventListener('click', () => controls.showHelp());
    video.addEventListener('loadedmetadata', () => {
      // A sound recording has no picture of its own: its poster stays.
      this.#player.toggleAttribute('data-sound-only', video.videoWidth === 0);
    });
    video.addEventListener('ended', () => this.#onEnded());
    video.addEventListener('playing', () => this.#enter('ready'));
    window.addEventListener('online', () => {
      if (this.#phase === 'error' && report.errors.at(-1)?.code === 'offline') void this.run();
    });
    exposeState({
      ...sources,
      title: this.#title,
      phase: () => this.#phase,
      permission: () => this.#ladder.permission,
      offered: () => this.#parts?.notice.offered ?? false,
      breaks: () => this.#breaks?.log ?? [],
    });
  }

  #enter(phase: Phase): void {
    this.#phase = phase;
    document.body.dataset.phase = phase;
  }

  /** Does everything from the start, or again after an error. */
  async run(): Promise<void> {
    this.#enter('loading');
    this.#cover(h('span', { class: 'spinner', role: 'status', 'aria-label': t('Loading') }));
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
      await this.#beside;
      this.#show(title);
      if (title.kind === 'file') throw new PageError('title_is_file', title.title);
      if (title.state === 'complete') return title;
      if (title.state === 'failed') {
        this.#titleFailed(title);
        return null;
      }
      this.#enter('preparing');
      const { preparingCard, stepText } = await import('../ui/preparing');
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
    byId('player-title').textContent = title.title;
    this.#around?.shown(title);
  }

  async #play(): Promise<void> {
    // Shown before it can play: the engine measures it to choose the quality to start with.
    this.#player.hidden = false;
    this.#pictures();
    if (this.#route.log.length === 0) {
      const plan = await this.#ladder.begin();
      if (plan.offer) this.#parts?.notice.offer();
    }
    this.#from ??= (await this.#around?.place()) ?? this.#left;
    await this.#playback.start(this.#from);
  }

  #pictures(): void {
    if (this.#video.querySelector('track')) return;
    const base = `/api/v1/titles/${this.#title}`;
    const track = h('track', { kind: 'metadata', label: 'thumbnails', default: true });
    this.#video.append(track);
    home.file(`${base}/storyboard.vtt`, (src) => track.setAttribute('src', src));
    home.file(`${base}/poster.jpg`, (src) => {
      byId('poster').setAttribute('src', src);
      const { mediaSession } = navigator;
      if (mediaSession && this.#shown) {
        mediaSession.metadata = new MediaMetadata({ title: this.#shown.title, artwork: [{ src }] });
      }
    });
  }

  /** Loaded for titles that have breaks alone. */
  async #meet(playlist: string): Promise<void> {
    const { Breaks } = await import('../breaks/breaks');
    this.#breaks ??= new Breaks({
      title: this.#title,
      video: this.#video,
      player: this.#player,
      route: this.#route,
      report: this.#report,
    });
    this.#breaks.learn(playlist);
  }

  #onReady(): void {
    this.#enter('ready');
    this.#overlay.hidden = true;
    void this.#watchOver();
    void this.#parts?.captions.attach();
    this.#around?.ready();
    // Refused by browsers that want a click first; the big button is there for it.
    void this.#video.play().catch(() => undefined);
  }

  #onEnded(): void {
    this.#enter('ended');
    const card = this.#around?.ended();
    if (card) this.#cover(card);
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
    this.#breaks?.stop();
    this.#standing?.stop();
    if (error.code === 'signed_out') {
      this.#askToSignIn().catch((why: unknown) => this.#fail(toPageError(why)));
      return;
    }
    this.#enter('error');
    if (this.#report.errors.at(-1)?.code !== error.code) this.#report.failed(error, true);
    void this.#explain(error);
  }

  /** The card of what the page around knows of it, else the usual one. */
  async #explain(error: PageError): Promise<void> {
    const budget = pause(EXPLAIN_BUDGET_MS).then(() => null);
    const known = this.#beside.then(() => this.#around?.failed(error)).catch(() => null);
    const card = await Promise.race([known, budget]);
    // Another try may be under way by now.
    if (this.#phase !== 'error' || this.#report.errors.at(-1)?.code !== error.code) return;
    this.#cover(card ?? errorCard(error, { retry: () => void this.run() }));
  }

  /** Most people are signed in: the card is loaded for those who are not. */
  async #askToSignIn(): Promise<void> {
    const again = this.#shown !== null;
    const why = again ? explain('signed_out').sentence : t('This video is for people of your company.');
    await this.#beside;
    const card = await this.#around?.signIn(why, () => void this.run());
    if (!card) return;
    this.#enter('signed_out');
    this.#cover(card);
    card.querySelector<HTMLElement>('#login')?.focus();
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

/** Starts the player of a page; where the address names no title, says so. */
export async function open(address: WatchAddress, around: MakeSurroundings): Promise<void> {
  if (address.title !== null) preloadEngine();
  await startLanguage();
  if (address.title !== null) return new WatchPage(address, address.title, around).run();
  const error = new PageError('invalid_address', location.pathname);
  document.body.dataset.phase = 'error';
  document.title = t('Nothing to watch');
  byId('overlay').replaceChildren(errorCard(error, { retry: () => location.reload() }));
}
