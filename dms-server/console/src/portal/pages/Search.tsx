/** What was found, by name and by what is said; a spoken line leads to its second. */

import { Plural, Trans, useLingui } from '@lingui/react/macro';
import { Text } from '@mantine/core';
import { IconSearch, IconSearchOff } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { type KeyboardEvent, useEffect, useRef } from 'react';
import { EmptyState } from '~/parts/EmptyState';
import { ErrorState } from '~/parts/ErrorState';
import { Loading } from '~/parts/Loading';
import { PageHeader } from '~/parts/PageHeader';
import { useUrlState } from '~/parts/url-state';
import { Found } from '../Found';
import { searchQuery } from '../queries';
import classes from '../Search.module.css';
import { QUERY_MAX, resultFor } from '../searching';

const DEFAULTS = { q: '' };

export default function Search() {
  const { t } = useLingui();
  const [{ q: asked }] = useUrlState(DEFAULTS);
  const q = asked.trim().slice(0, QUERY_MAX);
  const found = useQuery({ ...searchQuery(q), placeholderData: keepPreviousData });
  const list = useRef<HTMLUListElement>(null);
  const field = () => document.querySelector<HTMLInputElement>('[data-page-search]');
  // Whoever opens this page without a query came to give one.
  useEffect(() => {
    if (q === '') field()?.focus();
  }, [q]);
  const pressed = (event: KeyboardEvent) => {
    const results = [...(list.current?.querySelectorAll<HTMLElement>('[data-result]') ?? [])];
    const at = results.findIndex((result) => result === event.target);
    const to = at < 0 ? null : resultFor(event.key, at, results.length);
    if (to === null) return;
    event.preventDefault();
    (to < 0 ? field() : results[to])?.focus();
  };
  const items = q === '' ? [] : (found.data?.items ?? []);
  const count = items.length;
  return (
    <>
      <PageHeader title={t`Search`} />
      <Text role="status" size="sm" c="dimmed" mb="md">
        {q !== '' && found.data && !found.isPlaceholderData && (
          <>
            <Plural value={count} one="# video" other="# videos" />
            {found.data.truncated && (
              <>
                {'. '}
                <Trans>There are more: add a word.</Trans>
              </>
            )}
          </>
        )}
      </Text>
      {q === '' && (
        <EmptyState icon={IconSearch} title={t`Search names, descriptions, and what is said`}>
          <Trans>Type a word, or its beginning. A sentence that is found leads to the second in which it is spoken.</Trans>
        </EmptyState>
      )}
      {q !== '' && found.isPending && <Loading rows={3} height={140} />}
      {found.isError && <ErrorState error={found.error} retry={found.refetch} />}
      {q !== '' && found.isSuccess && count === 0 && (
        <EmptyState icon={IconSearchOff} title={t`Nothing has all these words`}>
          <Trans>
            All words have to be there; of each, the end may be missing. What is said is found in videos that have captions.
          </Trans>
        </EmptyState>
      )}
      {count > 0 && (
        <ul ref={list} className={classes.results} onKeyDown={pressed} aria-label={t`Results`}>
          {items.map((item) => (
            <Found key={item.title.id} found={item} query={q} />
          ))}
        </ul>
      )}
    </>
  );
}
