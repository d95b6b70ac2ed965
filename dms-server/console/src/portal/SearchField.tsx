/** The search, on every page: what is typed is looked for while it is typed, and stands in the address. */

import { useLingui } from '@lingui/react/macro';
import { CloseButton, Kbd, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconSearch } from '@tabler/icons-react';
import { useLocation, useNavigate, useSearch } from '@tanstack/react-router';
import { type KeyboardEvent, useEffect, useState } from 'react';
import { QUERY_MAX, SETTLE_MS } from './searching';
import classes from './Search.module.css';

export function SearchField() {
  const { t } = useLingui();
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const { q } = useSearch({ strict: false }) as { q?: unknown };
  const here = pathname === '/search';
  const asked = here && q !== undefined ? String(q) : '';
  const [typed, setTyped] = useState(asked);
  // The way back in the browser's history, and a link to another search.
  useEffect(() => setTyped((now) => (now.trim() === asked ? now : asked)), [asked]);

  const look = (text: string) => {
    const search = text.trim() === '' ? {} : { q: text.trim() };
    // The first letter is a step in the history, the next ones are none.
    void navigate({ to: '/search', search, replace: here } as Parameters<typeof navigate>[0]);
  };
  const lookSoon = useDebouncedCallback(look, SETTLE_MS);
  const change = (text: string) => {
    setTyped(text);
    lookSoon(text);
  };
  const pressed = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    if (event.key === 'ArrowDown') {
      const first = document.querySelector<HTMLElement>('[data-result]');
      if (first) event.preventDefault();
      first?.focus();
    } else if (event.key === 'Enter') {
      look(typed);
    } else if (event.key === 'Escape') {
      change('');
    }
  };
  return (
    <search className={classes.field}>
      <TextInput
        type="search"
        aria-label={t`Search videos and what is said in them`}
        placeholder={t`Search videos and what is said in them`}
        data-page-search
        maxLength={QUERY_MAX}
        radius="xl"
        leftSection={<IconSearch size={16} aria-hidden />}
        rightSection={typed === '' ? <Kbd size="xs">/</Kbd> : <CloseButton aria-label={t`Clear`} onClick={() => change('')} />}
        value={typed}
        onChange={(event) => change(event.currentTarget.value)}
        onKeyDown={pressed}
      />
    </search>
  );
}
