/** What is asked of the agent again and again, while somebody looks. */

import { QueryClient, queryOptions } from '@tanstack/react-query';
import { AgentError, agent } from './api';

/** How often what moves is asked for, ms. */
const OFTEN_MS = 1_000;
/** How often what takes the agent longer to say is asked for, ms. */
const SOMETIMES_MS = 5_000;

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      retry: false,
      refetchOnWindowFocus: true,
      // Without a session nothing comes by asking again.
      enabled: (query) => !(query.state.error instanceof AgentError && query.state.error.code === 'signed_out'),
    },
  },
});

export const status = queryOptions({ queryKey: ['status'], queryFn: agent.status, refetchInterval: OFTEN_MS });
export const caps = queryOptions({ queryKey: ['caps'], queryFn: agent.caps });
export const stored = queryOptions({ queryKey: ['stored'], queryFn: agent.stored, refetchInterval: SOMETIMES_MS });
export const today = queryOptions({ queryKey: ['today'], queryFn: agent.today, refetchInterval: SOMETIMES_MS });
