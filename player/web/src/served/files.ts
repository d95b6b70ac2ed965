/** Pictures and tracks where the agent serves the page: fetched with the bearer, which elements cannot send. */

import { ask } from '../net/home';

/** The picture that a storyboard's cues show parts of. */
const SPRITES = 'sprites.jpg';

async function blob(path: string): Promise<Blob | null> {
  const answer = await ask(path, {}).catch(() => null);
  return answer?.ok ? answer.blob() : null;
}

/** The storyboard with the picture's address here in place of the one at the DMS. */
async function storyboard(path: string, text: string): Promise<Blob> {
  const sprites = await blob(new URL(SPRITES, new URL(path, location.href)).pathname);
  const url = sprites ? URL.createObjectURL(sprites) : SPRITES;
  return new Blob([text.replaceAll(`${SPRITES}#`, `${url}#`)], { type: 'text/vtt' });
}

/** Gives `put` an address of this page's own for what is at `path`; nothing where there is nothing. */
export function file(path: string, put: (url: string) => void): void {
  void (async () => {
    const found = await blob(path);
    if (!found) return;
    const whole = path.endsWith('/storyboard.vtt') ? await storyboard(path, await found.text()) : found;
    put(URL.createObjectURL(whole));
  })();
}
