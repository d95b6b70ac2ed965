/** A title's picture; a quiet shape while there is none. */

import { IconFile, IconMovie } from '@tabler/icons-react';
import { useState } from 'react';
import type { Title } from '~/api/titles';
import { clock } from './format';
import classes from './Poster.module.css';

export function Poster({ title, width }: { title: Title; width?: number }) {
  const [failed, setFailed] = useState(false);
  const Symbol = title.kind === 'file' ? IconFile : IconMovie;
  const there = title.state === 'complete' && title.kind === 'video' && !failed;
  return (
    <span className={classes.poster} style={width ? { width } : undefined}>
      {there ? (
        <img
          src={`/api/v1/titles/${title.id}/poster.jpg`}
          alt=""
          loading="lazy"
          decoding="async"
          onError={() => setFailed(true)}
        />
      ) : (
        <Symbol size={22} stroke={1.4} aria-hidden />
      )}
      {!!title.duration_ms && <span className={classes.length}>{clock(title.duration_ms)}</span>}
    </span>
  );
}
