/** What the portal of the development server knows: captions, chapters, marks, what stands in the way. Tests only. */

import { type Exchange, readJson, sendBytes, sendJson, sendProblem } from './http';

const CAPTIONS: Record<string, string> = {
  en: `WEBVTT

00:00.000 --> 00:01.000
Welcome to the quarterly meeting

00:01.000 --> 00:02.000
First the numbers of Zürich

00:02.000 --> 00:04.000
And thank you all
`,
  de: `WEBVTT

00:00.000 --> 00:02.000
Willkommen

00:02.000 --> 00:04.000
Vielen Dank
`,
};
const LABELS: Record<string, string> = { en: 'English', de: 'Deutsch' };
const CHAPTERS = `WEBVTT

00:00.000 --> 00:02.000
Numbers

00:02.000 --> 00:04.000
Thanks
`;

/** What somebody did with a title. */
export interface Marks {
  seconds: number | null;
  saved: boolean;
  rating: number | null;
}

/** The portal's part of the development server. */
export class DevPortal {
  /** Of the one person there is, by title. */
  readonly marks = new Map<string, Marks>();
  /** Titles that somebody asked for, and why. */
  readonly asked: { title: string; note: string }[] = [];
  /** What `/api/v1/me/access/{title}` says besides the clock. */
  access: Record<string, unknown> = {};
  /** Ids of titles that are proposed. */
  proposed: string[] = [];

  of(title: string): Marks {
    const marks = this.marks.get(title) ?? { seconds: null, saved: false, rating: null };
    this.marks.set(title, marks);
    return marks;
  }

  /** Whether the path is one of the person's own, and then its answer. */
  async answer(exchange: Exchange, rows: readonly { id: string }[]): Promise<boolean> {
    const { pathname } = exchange.url;
    if (pathname === '/api/v1/me/for-you') {
      const items = this.proposed.flatMap((id) => rows.filter((row) => row.id === id));
      sendJson(exchange, 200, { items, why_empty: items.length > 0 ? null : 'nothing_liked' });
      return true;
    }
    const [, kind = '', title = ''] = /^\/api\/v1\/me\/(\w+)\/([0-9a-f-]{36})$/.exec(pathname) ?? [];
    const remove = exchange.method === 'DELETE';
    switch (kind) {
      case 'titles':
        sendJson(exchange, 200, this.of(title));
        return true;
      case 'access':
        sendJson(exchange, 200, { seen: false, now_ms: Date.now(), ...this.access });
        return true;
      case 'progress':
        this.of(title).seconds = Number((await readJson(exchange.request)).seconds);
        break;
      case 'saved':
        this.of(title).saved = !remove;
        break;
      case 'ratings':
        this.of(title).rating = remove ? null : Number((await readJson(exchange.request)).rating);
        break;
      default:
        return false;
    }
    exchange.response.writeHead(204).end();
    return true;
  }

  /** Captions and chapters of a title, and requests for it. */
  async ofTitle(exchange: Exchange, title: string, part: string): Promise<boolean> {
    if (part === 'access-requests') {
      this.asked.push({ title, note: String((await readJson(exchange.request)).note) });
      exchange.response.writeHead(202).end();
      return true;
    }
    if (part === 'captions') {
      const items = Object.keys(CAPTIONS).map((lang) => ({ lang, label: LABELS[lang], cues: 3 }));
      sendJson(exchange, 200, { items });
      return true;
    }
    const text = part === 'chapters.vtt' ? CHAPTERS : CAPTIONS[/^captions\/(\w+)$/.exec(part)?.[1] ?? ''];
    if (text === undefined) {
      if (!part.startsWith('captions/')) return false;
      sendProblem(exchange, 404, 'captions_not_found', part);
    } else sendBytes(exchange, 'text/vtt; charset=utf-8', text);
    return true;
  }
}
