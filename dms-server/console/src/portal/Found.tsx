/** A video that was found, with what was looked for marked. */

import { useLingui } from '@lingui/react';
import { clock } from '~/parts/format';
import { Poster } from '~/parts/Poster';
import { Time } from '~/parts/Time';
import { excerpt, type Piece, pieces } from './marks';
import type { FoundTitle } from './queries';
import { watchAddress } from './rows';
import classes from './Search.module.css';

/** As much of a description as is shown, characters. */
const ABOUT_MAX = 220;

export function Found({ found: { title, lines }, query }: { found: FoundTitle; query: string }) {
  const { i18n } = useLingui();
  const named = new Intl.DisplayNames(i18n.locale, { type: 'language', fallback: 'code' });
  const several = new Set(lines.map(({ lang }) => lang)).size > 1;
  return (
    <li className={classes.result} data-found={title.id}>
      <Poster title={title} />
      <div>
        <a href={watchAddress(title.id)} className={classes.name} data-result>
          <Marked pieces={pieces(title.title, query)} />
        </a>
        {title.description && (
          <p className={classes.about}>
            <Marked pieces={excerpt(title.description, query, ABOUT_MAX)} />
          </p>
        )}
        <p className={classes.about}>
          <Time ms={title.created_ms} />
          {title.tags?.map((tag) => (
            <span key={tag}>
              {' · '}
              <Marked pieces={pieces(tag, query)} />
            </span>
          ))}
        </p>
        {lines.length > 0 && (
          <ul className={classes.lines}>
            {lines.map(({ lang, at_ms: at, text }) => (
              <li key={`${lang} ${at}`}>
                <a href={watchAddress(title.id, at / 1000)} className={classes.line} data-result data-at={at}>
                  <span className={classes.at}>{clock(Math.floor(at / 1000) * 1000)}</span>
                  <span lang={lang}>
                    <Marked pieces={pieces(text, query)} />
                  </span>
                  {several && <span className={classes.lang}>{named.of(lang)}</span>}
                </a>
              </li>
            ))}
          </ul>
        )}
      </div>
    </li>
  );
}

function Marked({ pieces: all }: { pieces: readonly Piece[] }) {
  // A piece has no name but its place, and the text does not change under it.
  return all.map(({ text, marked }, at) => (marked ? <mark key={at}>{text}</mark> : <span key={at}>{text}</span>));
}
