/** What a policy can name: groups, people, sites and collections; as far as this person may list them. */

import { useQuery } from '@tanstack/react-query';
import { api, ask, PAGE_LIMIT } from '~/api/client';
import { useMay } from '~/session/session';

export interface Choice {
  readonly value: string;
  readonly label: string;
}

interface Named {
  readonly id: string;
  readonly name: string;
}

/** Most pages of a list that are offered to choose from. */
const PAGES_MAX = 10;

async function everything(page: (cursor: string | null) => Promise<{ items: Named[]; next_cursor?: string | null }>) {
  const found: Choice[] = [];
  let cursor: string | null = null;
  for (let count = 0; count < PAGES_MAX; count++) {
    const { items, next_cursor }: { items: Named[]; next_cursor?: string | null } = await page(cursor);
    found.push(...items.map(({ id, name }) => ({ value: id, label: name })));
    cursor = next_cursor ?? null;
    if (cursor === null) break;
  }
  return found;
}

const page = (cursor: string | null) => ({ limit: PAGE_LIMIT, ...(cursor !== null && { cursor }) });

const NONE: readonly Choice[] = [];

/** The lists; empty while they are loaded, and where this person may not list them. */
export function useChoices() {
  const readPeople = useMay('read_people');
  const readNetwork = useMay('read_network');
  const groups = useQuery({
    queryKey: ['groups', 'choices'],
    queryFn: () => everything((cursor) => ask(api.GET('/api/v1/groups', { params: { query: page(cursor) } }))),
    enabled: readPeople,
  });
  const people = useQuery({
    queryKey: ['people', 'choices'],
    queryFn: () => everything((cursor) => ask(api.GET('/api/v1/people', { params: { query: page(cursor) } }))),
    enabled: readPeople,
  });
  const sites = useQuery({
    queryKey: ['sites', 'choices'],
    queryFn: () => everything(() => ask(api.GET('/api/v1/sites'))),
    enabled: readNetwork,
  });
  const collections = useQuery({
    queryKey: ['collections', 'choices'],
    queryFn: () => everything((cursor) => ask(api.GET('/api/v1/collections', { params: { query: page(cursor) } }))),
  });
  return {
    mayListPeople: readPeople,
    groups: groups.data ?? NONE,
    people: people.data ?? NONE,
    sites: sites.data ?? NONE,
    collections: collections.data ?? NONE,
  };
}

/** The list with what is chosen but was not listed, by its id: it stays chosen. */
export function withChosen(choices: readonly Choice[], chosen: readonly string[]): Choice[] {
  const known = new Set(choices.map(({ value }) => value));
  const others = chosen.filter((id) => !known.has(id)).map((id) => ({ value: id, label: `${id.slice(0, 8)}…` }));
  return [...choices, ...others];
}
