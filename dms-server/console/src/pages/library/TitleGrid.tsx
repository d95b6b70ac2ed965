/** Titles as pictures. */

import { Trans } from '@lingui/react/macro';
import { Button, Center } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { memo } from 'react';
import { isBusy, type Title } from '~/api/titles';
import { PictureGrid } from '~/parts/PictureGrid';
import { Poster } from '~/parts/Poster';
import { Time } from '~/parts/Time';
import { TitleStateMark } from '~/parts/TitleStateMark';
import classes from './TitleGrid.module.css';

interface Props {
  readonly titles: readonly Title[];
  readonly more: (() => void) | null;
  readonly loading: boolean;
}

const Picture = memo(function Picture({ title }: { title: Title }) {
  return (
    <>
      <Poster title={title} />
      <Link to={`/titles/${title.id}`} className={classes.name}>
        {title.title}
      </Link>
      <div className={classes.facts}>
        {isBusy(title) || title.state === 'failed' ? <TitleStateMark title={title} /> : <Time ms={title.created_ms} />}
      </div>
    </>
  );
});

export function TitleGrid({ titles, more, loading }: Props) {
  return (
    <>
      <PictureGrid items={titles} idOf={({ id }) => id} picture={(title) => <Picture title={title} />} />
      {more && (
        <Center mt="lg">
          <Button variant="default" loading={loading} onClick={more}>
            <Trans>Show more</Trans>
          </Button>
        </Center>
      )}
    </>
  );
}
