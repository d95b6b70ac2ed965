/** Carries out the keyboard's commands, and says aloud what they did. */

import type { Captions } from './captions';
import { chapterFrom } from './lines';
import { number, t } from '../i18n/text';
import { h } from '../ui/dom';
import { clock } from '../ui/format';
import { type Command, type Focus, KEY_SHEET, allowed, commandFor } from './keys';

/** The speeds there are. */
export const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2] as const;

/** What the controls act on. */
export interface ControlTargets {
  readonly video: HTMLVideoElement;
  /** What fills the screen in full screen. */
  readonly stage: HTMLElement;
  readonly announcer: HTMLElement;
  readonly help: HTMLDialogElement;
  frameRate(): number;
  /** Whether there is something to control. */
  active(): boolean;
  toggleStats(): void;
  /** Null before they are loaded. */
  captions(): Captions | null;
  toggleTranscript(): void;
}

/** What kind of element has the keyboard, shadow roots included. */
function focusOf(event: KeyboardEvent): Focus {
  for (const target of event.composedPath()) {
    if (!(target instanceof HTMLElement)) continue;
    if (target.isContentEditable || target.matches('textarea, select')) return 'typing';
    if (target instanceof HTMLInputElement) {
      if (target.type === 'range') return 'slider';
      return target.type === 'radio' || target.type === 'checkbox' ? 'slider' : 'typing';
    }
    if (target.matches('button, a[href], summary, [role="button"]')) return 'button';
  }
  return 'other';
}

export class Controls {
  readonly #targets: ControlTargets;

  constructor(targets: ControlTargets) {
    this.#targets = targets;
    document.addEventListener('keydown', (event) => this.#onKey(event));
    this.#fillHelp();
  }

  #onKey(event: KeyboardEvent): void {
    if (event.defaultPrevented || this.#targets.help.open) return;
    const command = commandFor(event);
    if (!command || !allowed(event, focusOf(event))) return;
    if (command.do !== 'help' && command.do !== 'stats' && !this.#targets.active()) return;
    event.preventDefault();
    this.run(command);
  }

  /** Carries out `command`. */
  run(command: Command): void {
    const { video } = this.#targets;
    switch (command.do) {
      case 'toggle':
        if (video.paused) void video.play().catch(() => undefined);
        else video.pause();
        return this.#say(t(video.paused ? 'Paused' : 'Playing'));
      case 'seek_by':
        return this.#seek(video.currentTime + command.seconds);
      case 'seek_to':
        return this.#seek(video.duration * command.fraction);
      case 'frame':
        video.pause();
        return this.#seek(video.currentTime + command.by / this.#targets.frameRate());
      case 'volume':
        video.muted = false;
        video.volume = Math.min(1, Math.max(0, video.volume + command.by));
        return this.#say(t('Volume {percent}', { percent: number(video.volume, 0, { style: 'percent' }) }));
      case 'mute':
        video.muted = !video.muted;
        return this.#say(t(video.muted ? 'Sound off' : 'Sound on'));
      case 'speed':
        return this.#changeSpeed(command.by);
      case 'transcript':
        return this.#targets.toggleTranscript();
      case 'chapter':
        return this.#toChapter(command.by);
      case 'captions':
        return this.#toggleCaptions();
      case 'fullscreen':
        return void this.#toggleFullscreen();
      case 'pip':
        return void this.#togglePip();
      case 'stats':
        return this.#targets.toggleStats();
      case 'help':
        return this.showHelp();
    }
  }

  /** Opens the list of keys. */
  showHelp(): void {
    this.#targets.help.showModal();
  }

  #say(text: string): void {
    this.#targets.announcer.textContent = text;
  }

  #seek(to: number): void {
    const { video } = this.#targets;
    if (!Number.isFinite(video.duration)) return;
    video.currentTime = Math.min(Math.max(0, to), video.duration);
    this.#say(t('At {time} of {whole}', { time: clock(video.currentTime), whole: clock(video.duration) }));
  }

  #changeSpeed(by: 1 | -1): void {
    const { video } = this.#targets;
    const faster = SPEEDS.find((speed) => speed > video.playbackRate + 0.01);
    const slower = SPEEDS.findLast((speed) => speed < video.playbackRate - 0.01);
    video.playbackRate = (by > 0 ? faster : slower) ?? video.playbackRate;
    this.#say(t('Speed {speed}', { speed: video.playbackRate }));
  }

  #toggleCaptions(): void {
    const now = this.#targets.captions()?.toggle() ?? null;
    this.#say(t(now === null ? 'There are no captions' : now === 'on' ? 'Captions on' : 'Captions off'));
  }

  #toChapter(by: 1 | -1): void {
    const { video } = this.#targets;
    const chapters = this.#targets.captions()?.chapters ?? [];
    if (chapters.length === 0) return this.#say(t('There are no chapters'));
    const chapter = chapterFrom(chapters, video.currentTime, by);
    if (!chapter) return this.#say(t(by > 0 ? 'This is the last chapter' : 'This is the first chapter'));
    // A little into it: the beginning itself may count as the chapter before.
    video.currentTime = chapter.start + 0.01;
    this.#say(t('Chapter {name}', { name: chapter.text }));
  }

  async #toggleFullscreen(): Promise<void> {
    try {
      if (document.fullscreenElement) await document.exitFullscreen();
      else await this.#targets.stage.requestFullscreen();
    } catch {
      this.#say(t('Full screen is not possible here'));
    }
  }

  async #togglePip(): Promise<void> {
    try {
      if (document.pictureInPictureElement) await document.exitPictureInPicture();
      else await this.#targets.video.requestPictureInPicture();
    } catch {
      this.#say(t('Picture in picture is not possible here'));
    }
  }

  #fillHelp(): void {
    const { help } = this.#targets;
    const rows = KEY_SHEET.flatMap(([keys, does]) => [
      h('dt', {}, ...keys.map((key) => (key === '…' ? key : h('kbd', {}, key === 'Space' ? t('Space') : key)))),
      h('dd', {}, t(does)),
    ]);
    const close = h('button', { class: 'primary', type: 'button', onclick: () => help.close() }, t('Close'));
    help.replaceChildren(
      h('h2', { id: 'help-title' }, t('Keys')),
      h('dl', { class: 'keys' }, ...rows),
      h('div', { class: 'card__actions' }, close),
    );
    help.addEventListener('click', (event) => {
      if (event.target === help) help.close();
    });
  }
}
