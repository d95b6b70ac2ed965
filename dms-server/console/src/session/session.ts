/** Who is signed in, and what they may do. */

import { queryOptions, useQuery } from '@tanstack/react-query';
import { api, ask, type Schema } from '~/api/client';
import { ApiError } from '~/api/problem';

export type Session = Schema<'Session'>;

/** What a route of the API, and so a page, may demand. */
export type Permission =
  | 'watch'
  | 'publish'
  | 'publish_all'
  | 'campaigns'
  | 'read_network'
  | 'network'
  | 'read_devices'
  | 'devices'
  | 'read_people'
  | 'people'
  | 'audit'
  | 'metrics'
  | 'settings'
  | 'keys'
  | 'ads'
  | 'events';

async function load(): Promise<Session | null> {
  try {
    return await ask(api.GET('/session'));
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null;
    throw error;
  }
}

export const sessionQuery = queryOptions({ queryKey: ['session'], queryFn: load, staleTime: 60_000 });

/** The session; null when nobody is signed in, undefined while it is asked for. */
export function useSession(): Session | null | undefined {
  return useQuery(sessionQuery).data;
}

/** Whether who may do `may` is let in where `needed` is demanded; of several, one is enough. */
export function admits(needed: Permission | readonly Permission[] | undefined, may: readonly string[]): boolean {
  return needed === undefined || [needed].flat().some((one) => may.includes(one));
}

/** Whether whoever is signed in may do this. */
export function useMay(permission: Permission | undefined): boolean {
  const session = useSession();
  return permission === undefined || session?.may.includes(permission) === true;
}
