/** People and groups: asking for them. */

import { api, ask, PAGE_LIMIT, type Schema } from './client';

export type Person = Schema<'Person'>;
export type PeopleGroup = Schema<'Group'>;

export function listPeople(cursor: string | null): Promise<Schema<'Page_Person'>> {
  return ask(api.GET('/api/v1/people', { params: { query: { limit: PAGE_LIMIT, ...(cursor && { cursor }) } } }));
}

export function listGroups(cursor: string | null): Promise<Schema<'Page_Group'>> {
  return ask(api.GET('/api/v1/groups', { params: { query: { limit: PAGE_LIMIT, ...(cursor && { cursor }) } } }));
}

/** The person with this sign-in name; null: there is none. */
export async function findPerson(login: string): Promise<Person | null> {
  const { items } = await ask(api.GET('/api/v1/people', { params: { query: { login } } }));
  return items[0] ?? null;
}
