/** The breaks of a title at the server. What somebody else changed meanwhile is not overwritten. */

import { api, ask } from '~/api/client';
import { type Breaks, fromViews } from './breaks';
import { readStoryboard, type Sprite } from './sprites';

/** Breaks with the mark of their edition. */
export interface Edition {
  readonly breaks: Breaks;
  readonly etag: string | null;
}

export async function readBreaks(title: string): Promise<Edition> {
  const answer = await api.GET('/api/v1/titles/{title}/breaks', { params: { path: { title } }, cache: 'no-store' });
  const { breaks } = await ask(Promise.resolve(answer));
  return { breaks: fromViews(breaks), etag: answer.response.headers.get('etag') };
}

export async function putBreaks(title: string, breaks: Breaks, etag: string | null): Promise<Edition> {
  const answer = await api.PUT('/api/v1/titles/{title}/breaks', {
    params: { path: { title } },
    headers: etag === null ? {} : { 'if-match': etag },
    body: { breaks: [...breaks] },
  });
  const said = await ask(Promise.resolve(answer));
  return { breaks: fromViews(said.breaks), etag: answer.response.headers.get('etag') };
}

export interface Imported extends Edition {
  readonly warnings: readonly string[];
  /** Whether it is kept, and not only looked at. */
  readonly kept: boolean;
}

/** Gives a title the breaks of a document; a dry run only says what would come of it. */
export async function importBreaks(title: string, text: string, etag: string | null, dryRun: boolean): Promise<Imported> {
  const answer = await api.POST('/api/v1/titles/{title}/breaks/import', {
    params: { path: { title }, query: dryRun ? { dry_run: true } : {} },
    body: text,
    bodySerializer: (body) => body as string,
    headers: { 'content-type': 'application/octet-stream', ...(etag !== null && { 'if-match': etag }) },
  });
  const { breaks, warnings, kept } = await ask(Promise.resolve(answer));
  return { breaks: fromViews(breaks), warnings, kept, etag: answer.response.headers.get('etag') };
}

/** The places of the small pictures; none where the title has no pictures. */
export async function readSprites(title: string): Promise<Sprite[]> {
  const answer = await api.GET('/api/v1/titles/{title}/storyboard.vtt', { params: { path: { title } }, parseAs: 'text' });
  if (answer.response.status === 404) return [];
  return readStoryboard((await ask(Promise.resolve(answer))) as string);
}
