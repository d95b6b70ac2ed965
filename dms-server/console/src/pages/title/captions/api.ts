/** Captions and chapters at the server. What somebody else changed meanwhile is not overwritten. */

import { api, ask, type Schema } from '~/api/client';
import type { Chapter } from './chapters';

export type Track = Schema<'CaptionsView'>;
export type Taken = Schema<'CaptionsTaken'>;

/** The edition of what is not there yet. */
export const NONE_YET = '"0"';

const VTT = 'text/vtt';

export async function listTracks(title: string): Promise<Track[]> {
  return (await ask(api.GET('/api/v1/titles/{title}/captions', { params: { path: { title } } }))).items;
}

/** A text with the mark of its edition. */
export interface Edition<Content> {
  readonly content: Content;
  readonly etag: string | null;
}

export async function readTrack(title: string, lang: string): Promise<Edition<string>> {
  const params = { path: { title, lang } };
  // Past the browser's cache: what is edited has to be the newest.
  const answer = await api.GET('/api/v1/titles/{title}/captions/{lang}', { params, parseAs: 'text', cache: 'no-store' });
  const content = await ask(Promise.resolve(answer));
  return { content: content as string, etag: answer.response.headers.get('etag') };
}

interface Put {
  readonly title: string;
  readonly lang: string;
  readonly label?: string | undefined;
  readonly file: string | Blob;
  /** The edition that is replaced; null: whichever there is. */
  readonly etag: string | null;
  /** Only looked at. */
  readonly dryRun?: boolean;
}

export async function putTrack({ title, lang, label, file, etag, dryRun }: Put): Promise<Edition<Taken>> {
  const answer = await api.PUT('/api/v1/titles/{title}/captions/{lang}', {
    params: {
      path: { title, lang },
      query: { ...(label && { label }), ...(dryRun && { dry_run: true }) },
      header: { ...(etag !== null && { 'if-match': etag }) },
    },
    body: file as string,
    bodySerializer: (body) => body as string,
    headers: { 'content-type': VTT },
  });
  return { content: await ask(Promise.resolve(answer)), etag: answer.response.headers.get('etag') };
}

export async function deleteTrack(title: string, lang: string): Promise<void> {
  const params = { path: { title, lang } };
  await ask(api.DELETE('/api/v1/titles/{title}/captions/{lang}', { params, keepalive: true }));
}

export async function readChapters(title: string): Promise<Edition<readonly Chapter[]>> {
  const answer = await api.GET('/api/v1/titles/{title}/chapters', { params: { path: { title } }, cache: 'no-store' });
  const { chapters } = await ask(Promise.resolve(answer));
  return { content: chapters, etag: answer.response.headers.get('etag') };
}

/** Writes the chapters; none at all removes them. */
export async function putChapters(title: string, chapters: readonly Chapter[], etag: string | null): Promise<string> {
  if (chapters.length === 0) {
    await ask(api.DELETE('/api/v1/titles/{title}/chapters', { params: { path: { title } } }));
    return NONE_YET;
  }
  const params = { path: { title }, header: { ...(etag !== null && { 'if-match': etag }) } };
  const answer = await api.PUT('/api/v1/titles/{title}/chapters', { params, body: { chapters: [...chapters] } });
  await ask(Promise.resolve(answer));
  return answer.response.headers.get('etag') ?? NONE_YET;
}
