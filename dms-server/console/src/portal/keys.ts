/** The keys of the portal. They are quiet while somebody types. */

import { useNavigate } from '@tanstack/react-router';
import { useEffect, useRef } from 'react';
import { PLACES } from './places';

/** How long `g` waits for the key after it, ms. */
const PREFIX_MS = 1_500;

/** What a key means. */
export type Meaning = { readonly go: string } | 'prefix' | 'search' | 'keys' | 'palette' | null;

/** What one key means; `prefixed`: `g` was pressed just before; `held`: with Ctrl or Cmd. */
export function meaning(key: string, prefixed: boolean, held: boolean, typing: boolean): Meaning {
  if (held) return key.toLowerCase() === 'k' ? 'palette' : null;
  if (typing) return null;
  if (prefixed) {
    const place = PLACES.find((one) => one.key === key);
    return place ? { go: place.path } : null;
  }
  return key === 'g' ? 'prefix' : key === '/' ? 'search' : key === '?' ? 'keys' : null;
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}

/** What the keys do that go nowhere. */
export interface Acts {
  readonly search: () => void;
  readonly keys: () => void;
  readonly palette: () => void;
}

/** Listens for them. */
export function useKeys({ search, keys, palette }: Acts): void {
  const navigate = useNavigate();
  const prefixedAt = useRef(Number.NEGATIVE_INFINITY);
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.altKey || event.defaultPrevented) return;
      const prefixed = event.timeStamp - prefixedAt.current < PREFIX_MS;
      prefixedAt.current = Number.NEGATIVE_INFINITY;
      const meant = meaning(event.key, prefixed, event.ctrlKey || event.metaKey, isTyping(event.target));
      if (meant === null) return;
      if (meant === 'prefix') {
        prefixedAt.current = event.timeStamp;
        return;
      }
      event.preventDefault();
      if (meant === 'search') search();
      else if (meant === 'keys') keys();
      else if (meant === 'palette') palette();
      else void navigate({ to: meant.go });
    };
    document.addEventListener('keydown', pressed);
    return () => document.removeEventListener('keydown', pressed);
  }, [navigate, search, keys, palette]);
}
