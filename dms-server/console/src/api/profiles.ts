/** The profiles of transcoding. */

import { queryOptions } from '@tanstack/react-query';
import { api, ask, type Schema } from './client';

export type Profile = Schema<'Profile'>;

export const profilesQuery = queryOptions({
  queryKey: ['profiles'],
  queryFn: () => ask(api.GET('/api/v1/profiles')),
});
