/** What stands around a player in a frame: nothing to see, and the page that shows it. */

import { explain } from '../errors';
import { t } from '../i18n/text';
import { errorCard } from '../ui/cards';
import { h } from '../ui/dom';
import { said } from '../ui/said';
import type { PlayerParts, Surroundings } from '../watch/page';
import { Parent } from './parent';

/** The watch page of what is shown here, from the same place on. */
function watchPage({ title, video }: PlayerParts): string {
  const at = Math.floor(video.currentTime);
  return `/watch/${title}${at > 0 ? `?t=${at}` : ''}`;
}

/** The page around is told, and the card for who is signed out leads to a window of its own. */
export function around(parts: PlayerParts): Surroundings {
  const parent = new Parent(parts.video);
  return {
    shown: () => undefined,
    place: () => Promise.resolve(null),
    ready: () => parent.ready(),
    ended: () => null,
    failed: (error) => {
      parent.failed(error);
      if (error.denial === null || error.said === null) return Promise.resolve(null);
      return Promise.resolve(errorCard(error, { retry: () => parts.retry() }, said(error.denial, error.said)));
    },
    // Nobody types a password into a frame: another page could lie over it, and browsers give the session's cookie to
    // frames of the same site only.
    signIn: (why, done) => {
      parent.failed({ code: 'signed_out' });
      const again = h('button', { class: 'quiet', type: 'button', onclick: done }, t('Try again'));
      const opens = { href: watchPage(parts), target: '_blank', rel: 'noopener' };
      const there = h('a', { class: 'button primary', ...opens }, t('Open the video'));
      return Promise.resolve(
        h(
          'div',
          { class: 'card' },
          h('h2', {}, explain('signed_out').title),
          h('p', {}, `${why} ${t('Open it in a window of its own to sign in; then try again here.')}`),
          h('div', { class: 'card__actions' }, there, again),
        ),
      );
    },
  };
}
