/** What was asked of the server, kept while it is fresh. */

import { QueryClient } from '@tanstack/react-query';
import { onSignedOut } from '~/api/client';
import { ApiError } from '~/api/problem';
import { sessionQuery } from '~/session/session';

/** Times that a read is asked again; a refusal is not. */
const RETRIES = 2;

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (times, error) =>
        times < RETRIES && error instanceof ApiError && (error.status === 0 || error.status >= 502),
    },
  },
});

// The session ended elsewhere: whatever page is shown makes room for the sign-in form.
onSignedOut(() => queries.setQueryData(sessionQuery.queryKey, null));
