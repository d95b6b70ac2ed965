/**
 * Everything that can go wrong on a page, as a closed list: a stable code, a title, a sentence that
 * says what happened, and what helps. What a person reads always comes from here.
 */

import { t } from './i18n/text';

/** What an error panel offers. */
export type Remedy = 'retry' | 'reload' | 'sign_in' | 'library' | 'none';

/** An entry of the catalogue. */
export interface Explanation {
  readonly title: string;
  readonly sentence: string;
  readonly remedy: Remedy;
}

const CATALOGUE = {
  invalid_address: {
    title: 'This link is not complete',
    sentence: 'The address does not name a video. Open it again from the library, or ask for a new link.',
    remedy: 'library',
  },
  insecure_context: {
    title: 'This page needs HTTPS',
    sentence:
      'Browsers only decrypt video on secure pages. Open the portal by its https address, or ask ' +
      'IT to set one up.',
    remedy: 'none',
  },
  browser_unsupported: {
    title: 'This browser cannot play the video',
    sentence:
      'It has no Media Source Extensions for H.264. A current Chrome, Edge, Firefox or Safari can ' +
      'play it.',
    remedy: 'none',
  },
  crypto_unsupported: {
    title: 'This browser is too old to open the video',
    sentence:
      'It cannot agree on keys with X25519. Update it: Chrome and Edge 133, Firefox 130 and Safari ' +
      '17 can.',
    remedy: 'none',
  },
  signed_out: {
    title: 'You are signed out',
    sentence: 'Your session has ended. Sign in again and the video goes on where it was.',
    remedy: 'sign_in',
  },
  forbidden: {
    title: 'You may not watch this video',
    sentence: 'Your sign-in is valid, but this video is not shared with you. Ask whoever sent you the link.',
    remedy: 'library',
  },
  title_not_found: {
    title: 'There is no such video',
    sentence: 'It may have been removed, or the link has a typing error.',
    remedy: 'library',
  },
  title_failed: {
    title: 'This video could not be prepared',
    sentence: 'The publisher has to upload it again.',
    remedy: 'library',
  },
  title_is_file: {
    title: 'This is a file, not a video',
    sentence: 'It reaches PCs through the edge peer; there is nothing to watch here.',
    remedy: 'library',
  },
  offline: {
    title: 'This computer is offline',
    sentence: 'Playback goes on by itself when the network is back.',
    remedy: 'retry',
  },
  origin_unreachable: {
    title: 'The video server does not answer',
    sentence: 'Neither a neighbour nor the server could deliver the next seconds. It may be restarting.',
    remedy: 'retry',
  },
  server_error: {
    title: 'The video server has a problem',
    sentence: 'It answered with an error. If it lasts, give your help desk the details below.',
    remedy: 'retry',
  },
  too_many_requests: {
    title: 'The video server is busy',
    sentence: 'Too many requests come from here at the moment. Wait a few seconds and try again.',
    remedy: 'retry',
  },
  license_malformed: {
    title: 'The licence is not readable',
    sentence: 'The server sent something that is not a licence. Give your help desk the details below.',
    remedy: 'retry',
  },
  license_untrusted: {
    title: 'The licence is not genuine',
    sentence:
      'Its signature is not from your company’s server, so the video stays closed. Tell your help ' +
      'desk.',
    remedy: 'retry',
  },
  license_wrong_title: {
    title: 'The licence is for another video',
    sentence: 'The server sent a licence that does not belong to this video. Tell your help desk.',
    remedy: 'retry',
  },
  license_wrong_recipient: {
    title: 'The licence is for another browser',
    sentence: 'The server sent a licence made for somebody else’s key. Tell your help desk.',
    remedy: 'retry',
  },
  license_not_yet: {
    title: 'The licence is not valid yet',
    sentence: 'Either the video opens later, or the clock of this computer is wrong. Check date and time.',
    remedy: 'retry',
  },
  license_expired: {
    title: 'The licence has expired',
    sentence: 'The time to watch this video is over, or the clock of this computer is wrong.',
    remedy: 'retry',
  },
  license_withdrawn: {
    title: 'You may not watch this any more',
    sentence: 'The licence was withdrawn, or your account was closed, while you watched. Ask your administrator.',
    remedy: 'retry',
  },
  license_wrong_key: {
    title: 'The licence does not open this video',
    sentence:
      'The keys in it are not the ones the video was sealed with. Tell your help desk; trying ' +
      'again rarely helps.',
    remedy: 'retry',
  },
  license_missing_track: {
    title: 'The licence does not cover this quality',
    sentence: 'It has no key for a track of this video. Choose another quality, or ask the publisher.',
    remedy: 'retry',
  },
  license_version: {
    title: 'The video was replaced',
    sentence: 'A new version was published while this page was open. Load the page again to watch it.',
    remedy: 'reload',
  },
  segment_damaged: {
    title: 'A part of the video is damaged',
    sentence: 'It arrived altered from every source and was not shown. Tell the publisher.',
    remedy: 'retry',
  },
  segment_missing: {
    title: 'A part of the video is missing',
    sentence: 'The server does not have it. The video may have been replaced or removed just now.',
    remedy: 'reload',
  },
  media_decode: {
    title: 'The browser could not decode the video',
    sentence:
      'It opened correctly, but the decoder stopped. Trying again often helps; so does another ' +
      'quality.',
    remedy: 'retry',
  },
  player_missing: {
    title: 'The player did not load',
    sentence: 'A script of this page did not arrive. The server may have been updated: load the page again.',
    remedy: 'reload',
  },
  token_refused: {
    title: 'That token was not accepted',
    sentence: 'It is unknown, expired or revoked. Check that you pasted all of it, from dms_ to the end.',
    remedy: 'none',
  },
  upload_too_large: {
    title: 'The file is larger than allowed',
    sentence: 'The server refuses uploads of this size. Ask whoever runs it to raise the limit.',
    remedy: 'none',
  },
  unexpected: {
    title: 'The page made a mistake',
    sentence: 'Something happened that it has no name for. Give your help desk the details below.',
    remedy: 'reload',
  },
} as const satisfies Record<string, Explanation>;

/** The name of an error. */
export type ErrorCode = keyof typeof CATALOGUE;

/** All codes, for the test that keeps the sentences honest. */
export const ERROR_CODES = Object.keys(CATALOGUE) as ErrorCode[];

/** What to tell a person about `code`. */
export function explain(code: ErrorCode): Explanation {
  const { title, sentence, remedy } = CATALOGUE[code];
  return { title: t(title), sentence: t(sentence), remedy };
}

/** An error with a name of the catalogue. */
export class PageError extends Error {
  override readonly name = 'PageError';
  readonly code: ErrorCode;
  /** The server's name for the request, when it had one. */
  readonly requestId: string | null;
  /** A sentence of the server that says more than the catalogue's: why somebody may not watch, and when they may. */
  said: string | null = null;
  /** The policy's own name for its no, such as `not_yet`. */
  denial: string | null = null;

  constructor(code: ErrorCode, detail: string, requestId: string | null = null, cause?: unknown) {
    super(detail, cause === undefined ? undefined : { cause });
    this.code = code;
    this.requestId = requestId;
  }
}

/** Any thrown value as an error of the catalogue. */
export function toPageError(error: unknown): PageError {
  if (error instanceof PageError) return error;
  const detail = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new PageError('unexpected', detail, null, error);
}
