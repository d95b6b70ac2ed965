/** What is one person's: where they are, what they saved, and what they asked to be let in to. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, Title as Heading } from '@mantine/core';
import { IconBookmark, IconPlayerPlay, IconUserQuestion } from '@tabler/icons-react';
import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { EmptyState } from '~/parts/EmptyState';
import { ErrorState } from '~/parts/ErrorState';
import { Loading } from '~/parts/Loading';
import { PageHeader } from '~/parts/PageHeader';
import { useSession } from '~/session/session';
import { remembered, waiting } from '../asked';
import { Card } from '../Card';
import { Here } from '../Here';
import { continueQuery, type Marked, requestsQuery, savedQuery } from '../queries';
import { Requests } from '../Requests';
import classes from './Pages.module.css';

export default function My() {
  const { t } = useLingui();
  const person = useSession()?.person ?? null;
  const enabled = person !== null;
  const goOn = useQuery({ ...continueQuery, enabled });
  const saved = useQuery({ ...savedQuery, enabled });
  const asked = useQuery({ ...requestsQuery, enabled });
  const waits = waiting(remembered(), asked.data ?? []);
  const home = (
    <Button component={Link} to="/" variant="default">
      <Trans>Find something to watch</Trans>
    </Button>
  );
  if (!enabled) {
    return (
      <EmptyState whole icon={IconBookmark} title={t`This page is for people`} action={home}>
        <Trans>You are signed in with a token, which stands for nobody. Sign in with your account to save and to go on elsewhere.</Trans>
      </EmptyState>
    );
  }
  return (
    <>
      <PageHeader title={t`My page`} lead={t`What is here only you see.`} />
      <Section name={t`Continue watching`} query={goOn}>
        <Cards items={goOn.data} goesOn>
          <EmptyState icon={IconPlayerPlay} title={t`Nothing was begun`} action={home}>
            <Trans>A video that you leave in the middle waits here, and goes on where you were, on any of your devices.</Trans>
          </EmptyState>
        </Cards>
      </Section>
      <Section name={t`My list`} query={saved}>
        <Cards items={saved.data}>
          <EmptyState icon={IconBookmark} title={t`Nothing is saved`} action={home}>
            <Trans>The menu of a video saves it to this list, so that you find it again.</Trans>
          </EmptyState>
        </Cards>
      </Section>
      <Section name={t`Access requests`} query={asked}>
        {asked.data && asked.data.length + waits.length > 0 ? (
          <Requests requests={asked.data} waits={waits} />
        ) : (
          <EmptyState icon={IconUserQuestion} title={t`You asked for nothing`}>
            <Trans>Where a video is not for you, its page can ask the publisher to let you in. What they say is shown here.</Trans>
          </EmptyState>
        )}
      </Section>
      <section className={classes.section} aria-label={t`Without the network`}>
        <Heading order={2}>
          <Trans>Without the network</Trans>
        </Heading>
        <Here />
      </section>
    </>
  );
}

interface SectionProps {
  readonly name: string;
  readonly query: UseQueryResult<unknown>;
  readonly children: ReactNode;
}

function Section({ name, query, children }: SectionProps) {
  return (
    <section className={classes.section} aria-label={name}>
      <Heading order={2}>{name}</Heading>
      {query.isPending && <Loading rows={1} height={160} />}
      {query.isError && query.data === undefined && <ErrorState error={query.error} retry={query.refetch} />}
      {query.data !== undefined && children}
    </section>
  );
}

/** The videos, or what is shown where there are none. */
function Cards({ items = [], goesOn = false, children }: { items: Marked[] | undefined; goesOn?: boolean; children: ReactNode }) {
  if (items.length === 0) return children;
  return (
    <ul className={classes.grid}>
      {items.map(({ title, seconds }) => (
        <li key={title.id}>
          <Card title={title} seconds={seconds ?? null} goesOn={goesOn} />
        </li>
      ))}
    </ul>
  );
}
