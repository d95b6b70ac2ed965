/** State that a link carries: a filter, a tab, a range. */

import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback } from 'react';

type Values<Defaults> = { readonly [Key in keyof Defaults]: string };

/**
 * The parameters of this page's address, with their defaults, and how to change them. What is at its default does not
 * stand in the address. `replace`: no step in the browser's history, as for every letter that is typed.
 */
export function useUrlState<Defaults extends Record<string, string>>(
  defaults: Defaults,
): [Values<Defaults>, (change: Partial<Values<Defaults>>, replace?: boolean) => void] {
  const search = useSearch({ strict: false }) as Record<string, unknown>;
  const navigate = useNavigate();
  const values = Object.fromEntries(
    Object.entries(defaults).map(([key, byDefault]) => {
      const given = search[key];
      return [key, given === undefined || given === null ? byDefault : String(given)];
    }),
  ) as Values<Defaults>;
  const change = useCallback(
    (change: Partial<Values<Defaults>>, replace = true) => {
      void navigate({
        to: '.',
        replace,
        search: (old: Record<string, unknown>) => {
          const next: Record<string, unknown> = { ...old, ...change };
          for (const [key, byDefault] of Object.entries(defaults)) if (next[key] === byDefault) delete next[key];
          return next;
        },
      } as Parameters<typeof navigate>[0]);
    },
    [navigate, defaults],
  );
  return [values, change];
}
