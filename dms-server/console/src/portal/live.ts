/** Follows what happens on the server, so that a new video, or one that was let in, is there without asking. */

import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';

/** What happens within this time is asked for once, ms. */
const GATHER_MS = 1_000;

/** Whether an event means that lists are to be asked again. A job that goes on is no news to who watches. */
export function isNews(event: string, data: string): boolean {
  if (event !== 'title.changed') return true;
  try {
    return (JSON.parse(data) as { state?: unknown }).state === 'complete';
  } catch {
    return true;
  }
}

/** Listens while somebody is signed in. Where it cannot, lists are asked again as often as they say. */
export function useLive(signedIn: boolean): void {
  const client = useQueryClient();
  useEffect(() => {
    if (!signedIn) return;
    const events = new EventSource('/api/v1/events');
    let timer: ReturnType<typeof setTimeout> | null = null;
    const told = (event: MessageEvent<string>) => {
      if (timer !== null || !isNews(event.type, event.data)) return;
      timer = setTimeout(() => {
        timer = null;
        void client.invalidateQueries({ queryKey: ['titles'] });
        void client.invalidateQueries({ queryKey: ['me'] });
      }, GATHER_MS);
    };
    for (const name of ['title.changed', 'title.deleted', 'missed']) events.addEventListener(name, told);
    return () => {
      if (timer !== null) clearTimeout(timer);
      events.close();
    };
  }, [signedIn, client]);
}
