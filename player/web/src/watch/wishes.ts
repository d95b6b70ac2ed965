/** What somebody chose in this browser, for the next video. Where storage is forbidden nothing is remembered. */

/** The names there are. */
export type Wish = 'captions' | 'language' | 'transcript' | 'autoplay' | 'data-saver' | 'console.language';

/** What was chosen; null: nothing. */
export function wish(name: Wish): string | null {
  try {
    return localStorage.getItem(`dms.${name}`);
  } catch {
    return null;
  }
}

/** Whether data is to be saved: as chosen, else as the browser says. */
export function savesData(): boolean {
  const chosen = wish('data-saver');
  const { connection } = navigator as Navigator & { readonly connection?: { readonly saveData?: boolean } };
  return chosen === null ? connection?.saveData === true : chosen === 'on';
}

/** Remembers a choice. */
export function remember(name: Wish, value: string): void {
  try {
    localStorage.setItem(`dms.${name}`, value);
  } catch {
    // It holds for this page all the same.
  }
}
