/** What is seen of a break: the creative over the content, how long it goes on, why it is shown, and what can be done. */

import { number, t } from '../i18n/text';
import { byId, h } from '../ui/dom';
import { clock } from '../ui/format';
import { commandFor } from '../watch/keys';
import type { Creative } from './creative';
import './breaks.css';

/** What the person may do. */
export interface Deeds {
  skip(): void;
  clicked(): void;
}

const NS = 'http://www.w3.org/2000/svg';

/** An icon of this panel: the page's own sprite has none of them. */
function sign(path: string): SVGSVGElement {
  const svg = document.createElementNS(NS, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  const line = document.createElementNS(NS, 'path');
  line.setAttribute('d', path);
  svg.append(line);
  return svg;
}

const PAUSE = 'M7 5h4v14H7zM13 5h4v14h-4z';
const PLAY = 'M8 5v14l11-7z';
const SOUND = 'M4 9v6h4l5 4V5L8 9zM16 8a5 5 0 0 1 0 8';
const MUTE = 'M4 9v6h4l5 4V5L8 9zM16 9l5 6M21 9l-5 6';
const WHOLE = 'M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5';

function button(name: string, path: string, act: () => void): HTMLButtonElement {
  const one = h('button', { class: 'ad__button', type: 'button', 'aria-label': name, title: name, onclick: act });
  one.append(sign(path));
  return one;
}

/** Names a button and draws its sign anew; nothing where it stands already. */
function rename(one: HTMLButtonElement, name: string, path: string): void {
  if (one.title === name) return;
  one.title = name;
  one.setAttribute('aria-label', name);
  one.replaceChildren(sign(path));
}

export class Panel {
  readonly #player: HTMLElement;
  readonly #deeds: Deeds;
  readonly #layer = h('div', { class: 'ad', role: 'group', noautohide: true });
  readonly #screen = h('div', { class: 'ad__screen' });
  readonly #count = h('span', { class: 'ad__count' });
  readonly #why = h('p', { class: 'ad__why', id: 'ad-why', hidden: true });
  readonly #whyButton: HTMLButtonElement;
  readonly #skip: HTMLButtonElement;
  readonly #toggle: HTMLButtonElement;
  readonly #mute: HTMLButtonElement;
  readonly #link: HTMLAnchorElement;
  readonly #bar = h('progress', { class: 'ad__bar', max: 1 });
  #creative: Creative | null = null;
  #place = { n: 1, count: 1 };
  #saidSkip = false;
  #isOpen = false;
  #timer: ReturnType<typeof setInterval> | undefined;
  #focused: Element | null = null;
  readonly #onKey = (event: KeyboardEvent) => this.#key(event);

  constructor(player: HTMLElement, deeds: Deeds) {
    this.#player = player;
    this.#deeds = deeds;
    this.#whyButton = h(
      'button',
      {
        ...{ class: 'ad__why-button', type: 'button', 'aria-expanded': 'false', 'aria-controls': 'ad-why' },
        onclick: () => this.#toggleWhy(),
      },
      t('Why am I seeing this?'),
    );
    this.#skip = h('button', { class: 'ad__skip', type: 'button', hidden: true, onclick: () => deeds.skip() });
    this.#toggle = button(t('Pause'), PAUSE, () => this.#toggles());
    this.#mute = button(t('Sound off'), SOUND, () => this.#mutes());
    this.#link = h(
      'a',
      { class: 'ad__link', target: '_blank', rel: 'noopener noreferrer', onclick: () => deeds.clicked() },
      t('Learn more'),
    );
    const whole = button(t('Full screen'), WHOLE, () => void this.#fullScreen());
    this.#layer.append(
      this.#screen,
      h('div', { class: 'ad__top' }, this.#count, this.#whyButton),
      this.#why,
      h(
        'div',
        { class: 'ad__bottom' },
        this.#toggle,
        this.#mute,
        h('span', { class: 'ad__spacer' }),
        this.#link,
        this.#skip,
        whole,
      ),
      this.#bar,
    );
    // The content's player would take clicks for its own.
    for (const name of ['click', 'dblclick', 'pointerdown', 'pointerup']) {
      this.#layer.addEventListener(name, (event) => event.stopPropagation());
    }
    player.append(this.#layer);
  }

  /** Takes in the video of a creative, still unseen, so that it can load. */
  hold(creative: Creative): void {
    this.#screen.append(creative.video);
  }

  /** Shows a creative whose first picture is there. */
  show(creative: Creative, n: number, count: number): void {
    const opens = !this.#isOpen;
    this.#creative = creative;
    this.#place = { n, count };
    this.#saidSkip = false;
    const { asset } = creative;
    for (const video of this.#screen.children) video.toggleAttribute('data-shown', video === creative.video);
    this.#layer.setAttribute('aria-label', asset.name || t('Ad'));
    this.#why.textContent = asset.why.text;
    this.#whyButton.hidden = asset.why.text === '';
    if (asset.click === null) this.#link.removeAttribute('href');
    else this.#link.href = asset.click;
    this.#link.hidden = asset.click === null;
    if (opens) this.#open();
    this.#draw();
    const seconds = t('{n} second|{n} seconds', { n: Math.ceil(creative.leftMs / 1000) });
    this.#say([this.#named(), asset.name, seconds].filter((part) => part !== '').join(', '));
  }

  #open(): void {
    this.#focused = this.#player.contains(document.activeElement) ? document.activeElement : null;
    this.#isOpen = true;
    this.#layer.setAttribute('data-shown', '');
    this.#player.setAttribute('data-ad', '');
    if (this.#focused) this.#toggle.focus();
    this.#timer = setInterval(() => this.#draw(), 250);
    document.addEventListener('keydown', this.#onKey, true);
  }

  /** Ends it: the content is seen again. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    clearInterval(this.#timer);
    document.removeEventListener('keydown', this.#onKey, true);
    const held = this.#layer.contains(document.activeElement);
    this.#layer.removeAttribute('data-shown');
    this.#creative = null;
    if (!this.#why.hidden) this.#toggleWhy();
    this.#player.removeAttribute('data-ad');
    if (held && this.#focused instanceof HTMLElement) this.#focused.focus();
    this.#say(t('The video goes on'));
  }

  /** `Ad 1 of 2`. */
  #named(): string {
    const given = { n: number(this.#place.n), count: this.#place.count };
    const notice = this.#creative?.asset.why.kind === 'emergency';
    return notice ? t('Notice {n} of {count}', given) : t('Ad {n} of {count}', given);
  }

  #draw(): void {
    const creative = this.#creative;
    if (!creative) return;
    const { video, asset } = creative;
    this.#count.textContent = `${this.#named()} · ${clock(Math.ceil(creative.leftMs / 1000))}`;
    this.#bar.value = Math.min(1, creative.mediaMs / asset.durationMs);
    this.#bar.setAttribute('aria-label', this.#named());
    rename(this.#toggle, t(video.paused ? 'Play' : 'Pause'), video.paused ? PLAY : PAUSE);
    rename(this.#mute, t(video.muted ? 'Sound on' : 'Sound off'), video.muted ? MUTE : SOUND);
    this.#drawSkip(creative.skipInMs);
  }

  #drawSkip(skipInMs: number | null): void {
    this.#skip.hidden = skipInMs === null;
    if (skipInMs === null) return;
    const open = skipInMs === 0;
    // It can be reached before it can be used, so that nobody has to look for it.
    this.#skip.setAttribute('aria-disabled', String(!open));
    const text = open ? t('Skip') : t('Skip in {seconds}', { seconds: Math.ceil(skipInMs / 1000) });
    if (this.#skip.textContent !== text) this.#skip.textContent = text;
    if (open && !this.#saidSkip) this.#say(t('Press S to skip'));
    this.#saidSkip ||= open;
  }

  #say(text: string): void {
    byId('announcer').textContent = text;
  }

  #toggleWhy(): void {
    this.#why.hidden = !this.#why.hidden;
    this.#whyButton.setAttribute('aria-expanded', String(!this.#why.hidden));
    if (!this.#why.hidden) this.#say(this.#why.textContent ?? '');
  }

  #toggles(): void {
    const video = this.#creative?.video;
    if (!video) return;
    if (video.paused) void video.play().catch(() => undefined);
    else video.pause();
    this.#say(t(video.paused ? 'Paused' : 'Playing'));
    this.#draw();
  }

  #mutes(): void {
    const video = this.#creative?.video;
    if (!video) return;
    video.muted = !video.muted;
    this.#say(t(video.muted ? 'Sound off' : 'Sound on'));
    this.#draw();
  }

  async #fullScreen(): Promise<void> {
    try {
      if (document.fullscreenElement) await document.exitFullscreen();
      else await this.#player.requestFullscreen();
    } catch {
      this.#say(t('Full screen is not possible here'));
    }
  }

  /** The content's keys mean the creative now; those that would move the content do nothing. */
  #key(event: KeyboardEvent): void {
    const command = commandFor(event);
    if (!command || event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement) return;
    const onButton = event.target instanceof Element && event.target.closest('button, a[href], summary') !== null;
    if (onButton && (event.code === 'Space' || event.code === 'Enter')) return;
    if (command.do === 'help') return;
    event.stopPropagation();
    event.preventDefault();
    if (command.do === 'toggle') this.#toggles();
    else if (command.do === 'mute') this.#mutes();
    else if (command.do === 'fullscreen') void this.#fullScreen();
    else if (command.do === 'stats' && !event.ctrlKey) this.#deeds.skip();
  }
}
