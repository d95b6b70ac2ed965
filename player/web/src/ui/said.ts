/** What the server says no with, in the page's language: the server itself speaks English. */

import { type Texts, isEnglish, t } from '../i18n/text';

const KNOWN = {
  suspended: 'Your account is closed for now. Ask your administrator.',
  sign_in_needed: 'Only people who are signed in with an account of their own may watch it.',
  not_in_audience: 'It is not shared with you.',
  not_here: 'It may not be watched from the place where you are now.',
  over: 'It can no longer be watched.',
  embargo: 'Nobody may watch it yet.',
  not_yet: 'It may not be watched yet.',
  needs_subscription: 'It is for people with a subscription.',
  needs_rental: 'It has to be rented before it can be watched.',
  rental_over: 'Your rental is over.',
  quality_none: 'It is not open to you in any quality that this video has.',
  too_many_streams: 'You are watching in too many places at once. Stop one of them, then try again.',
  unauthenticated: 'The name or the password is wrong.',
  code_needed: 'The six digits that your authenticator app shows.',
  code_wrong: 'This code is wrong or was used. Wait for the next one; if it goes on, set your device’s clock.',
  too_many_tries: 'Too many tries. Wait a little and try again.',
} satisfies Texts;

/** What the problem `code` says: the server's own sentence, unless the page speaks another language and knows the code. */
export function said(code: string, detail: string): string {
  return !isEnglish() && Object.hasOwn(KNOWN, code) ? t(KNOWN[code as keyof typeof KNOWN]) : detail;
}
