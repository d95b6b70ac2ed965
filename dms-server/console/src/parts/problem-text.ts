/** What a problem says to a person, in one paragraph. */

import { useLingui } from '@lingui/react';
import { useCallback } from 'react';
import type { ApiError } from '~/api/problem';

/** Turns a problem into text: what is wrong, then how each wrong field is put right. */
export function useProblemText(): (error: ApiError) => string {
  const { _ } = useLingui();
  return useCallback(
    (error) => [error.said ? _(error.said) : error.message, ...error.fields.map(({ fix }) => fix)].join(' '),
    [_],
  );
}
