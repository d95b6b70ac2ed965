/** What somebody typed about an enrolment token. Pure. */

import type { MessageDescriptor } from '@lingui/core';
import { msg } from '@lingui/core/macro';
import type { FieldProblem } from '~/api/problem';
import type { Schema } from '~/api/client';

export interface TokenForm {
  readonly uses: string;
  readonly minutes: string;
  readonly longLived: boolean;
}

export const USUAL: TokenForm = { uses: '1', minutes: '15', longLived: false };

const WHOLE_FIX: MessageDescriptor = msg`Give a whole number, such as 15.`;

/** The largest number that the API's field holds. */
const U32_MAX = 4_294_967_295;

function whole(text: string): number | null {
  const plain = text.trim();
  return /^\d{1,10}$/.test(plain) && Number(plain) <= U32_MAX ? Number(plain) : null;
}

/** The body, or what no number is in it; whether the numbers are allowed the server says. */
export function tokenBody(
  { uses: usesText, minutes: minutesText, longLived }: TokenForm,
  say: (text: MessageDescriptor) => string,
): { body: Schema<'NewEnrollmentToken'> } | { wrong: FieldProblem[] } {
  const uses = whole(usesText);
  const minutes = whole(minutesText);
  const seconds = minutes === null ? null : minutes * 60;
  const isShort = seconds !== null && seconds <= U32_MAX;
  if (uses !== null && isShort) return { body: { uses, ttl_seconds: seconds, long_lived: longLived } };
  const field = (pointer: string) => ({ pointer, code: 'not_a_number', fix: say(WHOLE_FIX) });
  return { wrong: [...(uses === null ? [field('/uses')] : []), ...(isShort ? [] : [field('/ttl_seconds')])] };
}
