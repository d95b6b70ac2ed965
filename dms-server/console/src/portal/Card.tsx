/** A video: its picture, its name, how far somebody is, and what they can do with it. */

import { Trans, useLingui } from '@lingui/react/macro';
import { memo } from 'react';
import { isBusy, type Title } from '~/api/titles';
import { span } from '~/parts/format';
import { Poster } from '~/parts/Poster';
import { Time } from '~/parts/Time';
import { TitleStateMark } from '~/parts/TitleStateMark';
import { CardMenu } from './CardMenu';
import classes from './Card.module.css';
import { percentWatched, watchAddress } from './rows';

interface Props {
  readonly title: Title;
  readonly seconds?: number | null;
  /** Whether it begins where the person was; the card then also offers to forget that. */
  readonly goesOn?: boolean;
  /** Whether Tab comes here. */
  readonly reachable?: boolean;
}

export const Card = memo(function Card({ title, seconds = null, goesOn = false, reachable = true }: Props) {
  const { i18n } = useLingui();
  const percent = percentWatched(seconds, title.duration_ms);
  const left = span(Math.max(0, (title.duration_ms ?? 0) / 1000 - (seconds ?? 0)), i18n.locale);
  const tabIndex = reachable ? 0 : -1;
  return (
    <article className={classes.card} data-title={title.id}>
      <div className={classes.picture}>
        <Poster title={title} />
        {percent > 0 && (
          <div className={classes.watched} aria-hidden>
            <div style={{ width: `${percent}%` }} />
          </div>
        )}
      </div>
      <div className={classes.words}>
        <div className={classes.text}>
          <a href={watchAddress(title.id, goesOn ? seconds : null)} className={classes.name} data-card tabIndex={tabIndex}>
            {title.title}
          </a>
          <div className={classes.facts}>
            {isBusy(title) ? (
              <TitleStateMark title={title} />
            ) : percent > 0 ? (
              <Trans>{left} left</Trans>
            ) : (
              <Time ms={title.created_ms} />
            )}
          </div>
        </div>
        <CardMenu title={title} goesOn={goesOn} tabIndex={tabIndex} />
      </div>
    </article>
  );
});
