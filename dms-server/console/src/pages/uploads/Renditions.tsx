/** How far each rendition of a title is. */

import { Progress } from '@mantine/core';
import type { Schema } from '~/api/client';
import classes from './UploadsPage.module.css';

export function Renditions({ renditions }: { renditions: readonly Schema<'RenditionProgress'>[] }) {
  if (renditions.length === 0) return null;
  return (
    <div className={classes.renditions}>
      {renditions.map(({ name, progress_percent: percent }) => (
        <div key={name}>
          <div className={classes.facts}>
            {name}, {Math.floor(percent)}%
          </div>
          <Progress.Root size={4}>
            <Progress.Section value={percent} aria-label={name} />
          </Progress.Root>
        </div>
      ))}
    </div>
  );
}
