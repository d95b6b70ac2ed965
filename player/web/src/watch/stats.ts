/** The statistics over the picture. */

import type { KeyRing } from '../play/keyring';
import { type Playback, bufferedAhead } from '../play/playback';
import type { PlayReport } from '../play/report';
import type { Route } from '../play/route';
import { locale, number, t } from '../i18n/text';
import { h } from '../ui/dom';
import { bitrate } from '../ui/format';
import { bytesSentence } from './words';

const REFRESH_MS = 500;

/** What the statistics are about. */
export interface StatsSources {
  readonly video: HTMLVideoElement;
  readonly route: Route;
  readonly report: PlayReport;
  readonly keys: KeyRing;
  readonly playback: Playback;
}

/** The rows, as label and value. */
export function statsRows(of: StatsSources): [string, string][] {
  const { video, route, report, keys, playback } = of;
  const quality = playback.quality;
  const { totalVideoFrames: decoded, droppedVideoFrames: dropped } = video.getVideoPlaybackQuality();
  const license = keys.current;
  const mean = number(report.segments > 0 ? report.openMs / report.segments : 0, 1);
  const { agent } = route;
  return [
    [t('Path'), `${t(route.current === 'agent' ? 'agent' : 'origin')} (${route.log.at(-1)?.reason ?? t('undecided')})`],
    [t('Bytes'), bytesSentence(report.bytes)],
    [t('Quality'), quality ? `${quality.width}×${quality.height}, ${bitrate(quality.bitrate)}` : t('none yet')],
    [t('Estimate'), bitrate(playback.bandwidth)],
    [t('Buffer'), t('{seconds} s ahead', { seconds: number(bufferedAhead(video), 1) })],
    [t('Pictures'), t('{decoded} decoded, {dropped} dropped', { decoded, dropped })],
    [t('Start'), report.startupMs === null ? t('not yet') : `${number(report.startupMs)} ms`],
    [t('Stalls'), `${number(report.stalls)} (${number(report.stalledMs / 1000, 1)} s)`],
    [t('Opened'), t('{n} segment, {mean} ms each|{n} segments, {mean} ms each', { n: report.segments, mean })],
    [t('Licence'), license ? licence(license) : t('none yet')],
    [t('Agent'), agent ? t('{version} at {address}', { version: agent.hello.version, address: agent.origin }) : t('not used')],
  ];
}

function licence({ version, notAfter }: { version: number; notAfter: number }): string {
  return t('version {version}, until {time}', { version: String(version), time: clockTime(notAfter) });
}

function clockTime(ms: number): string {
  return new Date(ms).toLocaleTimeString(locale(), { hour: '2-digit', minute: '2-digit' });
}

export class Stats {
  readonly #panel: HTMLElement;
  readonly #list = h('dl', {});
  readonly #button: HTMLElement | null;
  readonly #sources: StatsSources;
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(panel: HTMLElement, button: HTMLElement | null, sources: StatsSources) {
    this.#panel = panel;
    panel.append(this.#list);
    this.#button = button;
    this.#sources = sources;
    button?.addEventListener('click', () => this.toggle());
  }

  toggle(): void {
    const show = this.#panel.hidden === true;
    this.#panel.hidden = !show;
    this.#button?.setAttribute('aria-pressed', String(show));
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = show ? setInterval(() => this.#draw(), REFRESH_MS) : null;
    if (show) this.#draw();
  }

  #draw(): void {
    const rows = statsRows(this.#sources);
    this.#list.replaceChildren(
      ...rows.map(([label, value]) => h('div', {}, h('dt', {}, label), h('dd', {}, value))),
    );
  }
}
