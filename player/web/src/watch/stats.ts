/** The statistics over the picture. */

import type { KeyRing } from '../play/keyring';
import { type Playback, bufferedAhead } from '../play/playback';
import type { PlayReport } from '../play/report';
import type { Route } from '../play/route';
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
  const frames = video.getVideoPlaybackQuality();
  const license = keys.current;
  const mean = report.segments > 0 ? report.openMs / report.segments : 0;
  return [
    ['Path', `${route.current} (${route.log.at(-1)?.reason ?? 'undecided'})`],
    ['Bytes', bytesSentence(report.bytes)],
    ['Quality', quality ? `${quality.width}×${quality.height}, ${bitrate(quality.bitrate)}` : 'none yet'],
    ['Estimate', bitrate(playback.bandwidth)],
    ['Buffer', `${bufferedAhead(video).toFixed(1)} s ahead`],
    ['Pictures', `${frames.totalVideoFrames} decoded, ${frames.droppedVideoFrames} dropped`],
    ['Start', report.startupMs === null ? 'not yet' : `${report.startupMs} ms`],
    ['Stalls', `${report.stalls} (${(report.stalledMs / 1000).toFixed(1)} s)`],
    ['Opened', `${report.segments} segments, ${mean.toFixed(1)} ms each`],
    ['Licence', license ? `version ${license.version}, until ${clockTime(license.notAfter)}` : 'none yet'],
    ['Agent', route.agent ? `${route.agent.hello.version} at ${route.agent.origin}` : 'not used'],
  ];
}

function clockTime(ms: number): string {
  return new Date(ms).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
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
