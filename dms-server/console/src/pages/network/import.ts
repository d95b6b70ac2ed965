/** Importing sites: the request, and what its plan comes to. */

import { api, ask, type Schema } from '~/api/client';

export type Plan = Schema<'ImportView'>;
export type SitePlan = Schema<'SitePlanView'>;
export type SheetFault = Schema<'SheetFault'>;

export interface Options {
  readonly conflicts: 'refuse' | 'move';
  readonly others: 'keep' | 'delete';
}

/** Imports a sheet, or says what importing it would do. The bytes go as they are: the server says what is wrong with them. */
export function importSites(sheet: Blob, options: Options, dryRun: boolean): Promise<Plan> {
  return ask(
    api.POST('/api/v1/sites/import', {
      params: { query: { ...options, dry_run: dryRun } },
      headers: { 'content-type': 'text/csv' },
      // The document says text; a file is text whose encoding is still to be looked at.
      body: sheet as unknown as string,
      bodySerializer: (body) => body,
    }),
  );
}

/** How many sites of each kind. */
export function tally({ sites }: Plan): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { action } of sites) counts[action] = (counts[action] ?? 0) + 1;
  return counts;
}

/** Whether it would change nothing. */
export function isNothing({ sites }: Plan): boolean {
  return sites.every(({ action }) => action === 'unchanged');
}
