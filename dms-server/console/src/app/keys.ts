/** The keys that work on every page. They are quiet while somebody types. */

import { spotlight } from '@mantine/spotlight';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { useSession } from '~/session/session';
import { navigation, PAGES, type Page } from './page';

/** How long `g` waits for the key after it, ms. */
const PREFIX_MS = 1_500;

/** Whether a key pressed there is text. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

/** What one key means; `prefixed`: `g` was pressed just before. */
export function meaning(
  key: string,
  prefixed: boolean,
  pages: readonly Page[],
): { go: string } | 'prefix' | 'keys' | 'search' | 'upload' | null {
  if (prefixed) {
    const page = pages.find(({ nav }) => nav?.key === key);
    return page ? { go: page.path } : null;
  }
  switch (key) {
    case 'g':
      return 'prefix';
    case '?':
      return 'keys';
    case '/':
      return 'search';
    case 'u':
      return 'upload';
    default:
      return null;
  }
}

/** Focuses the page's own search field, or opens the palette where there is none. */
function search(): void {
  const field = document.querySelector<HTMLInputElement>('[data-page-search]');
  if (field) field.focus();
  else spotlight.open();
}

/** Listens for them; `keys` opens and closes their list. */
export function useGlobalKeys(keys: () => void): void {
  const navigate = useNavigate();
  const session = useSession();
  const prefixedAt = useRef(0);
  useEffect(() => {
    const may = session?.may ?? [];
    const pages = navigation(PAGES, may);
    const pressed = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const prefixed = event.timeStamp - prefixedAt.current < PREFIX_MS;
      prefixedAt.current = 0;
      const meant = meaning(event.key, prefixed, pages);
      if (meant === null) return;
      if (meant !== 'prefix') event.preventDefault();
      if (meant === 'prefix') prefixedAt.current = event.timeStamp;
      else if (meant === 'keys') keys();
      else if (meant === 'search') search();
      else if (meant !== 'upload') void navigate({ to: meant.go });
      else if (may.includes('publish')) void navigate({ to: '/uploads' });
    };
    document.addEventListener('keydown', pressed);
    return () => document.removeEventListener('keydown', pressed);
  }, [navigate, session, keys]);
}
