/** A title that the server prepares: all of it, and each rendition. */

import { useLingui } from '@lingui/react/macro';
import { Anchor, Progress } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { Title } from '~/api/titles';
import { span } from '~/parts/format';
import { TitleStateMark } from '~/parts/TitleStateMark';
import { Renditions } from './Renditions';
import classes from './UploadsPage.module.css';

export function Preparing({ title }: { title: Title }) {
  const { t, i18n } = useLingui();
  const { eta_seconds: eta, progress_percent: percent } = title;
  const whole = Math.floor(percent);
  const left = eta === null || eta === undefined ? null : span(eta, i18n.locale);
  return (
    <li className={classes.row}>
      <div className={classes.words}>
        <Anchor component={Link} to={`/titles/${title.id}`} className={classes.name} display="block" c="inherit">
          {title.title}
        </Anchor>
        <div className={classes.facts}>{left === null ? `${whole}%` : t`${whole}%, ${left} left`}</div>
      </div>
      <TitleStateMark title={title} />
      <Progress.Root size="sm" className={classes.bar}>
        <Progress.Section value={percent} aria-label={t`Preparation of ${title.title}`} />
      </Progress.Root>
      <Renditions renditions={title.renditions ?? []} />
    </li>
  );
}
