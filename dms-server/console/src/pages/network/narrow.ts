/** Which devices of a list somebody wants to see. Pure. */

import type { Device } from '~/api/devices';

/** `state` and `at` are `any`, or what a device must be in; `at` may be `none`, connected but in no site. */
export function narrowed(
  all: readonly Device[],
  text: string,
  state: string,
  at: string,
  without: ReadonlySet<string>,
): readonly Device[] {
  const wanted = text.trim().toLocaleLowerCase();
  if (wanted === '' && at === 'any' && (state === 'any' || state === 'banned') && without.size === 0) return all;
  return all.filter(({ id, name, state: is, peer }) => {
    if (without.has(id)) return false;
    if (state !== 'any' && state !== 'banned' && is !== state) return false;
    if (at === 'none' && (!peer || peer.site)) return false;
    if (at !== 'any' && at !== 'none' && peer?.site !== at) return false;
    const words = [name, peer?.listen ?? '', peer?.agent ?? '', id];
    return wanted === '' || words.some((word) => word.toLocaleLowerCase().includes(wanted));
  });
}
