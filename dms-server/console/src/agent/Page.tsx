/** The page: what the agent of this PC does, and everything the person here can decide about it. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Container, Stack, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Brand } from '~/app/Brand';
import { Loading } from '~/parts/Loading';
import { AgentError } from './api';
import { Away } from './Away';
import { Bytes } from './Bytes';
import { Connection } from './Connection';
import { Limits } from './Limits';
import { Look } from './Look';
import classes from './Page.module.css';
import { Privacy } from './Privacy';
import { Quit } from './Quit';
import { Sharing } from './Sharing';
import { Stored } from './Stored';
import { Support } from './Support';
import { status } from './queries';

export function Page() {
  const { t } = useLingui();
  const [quit, setQuit] = useState<'service' | 'program' | null>(null);
  const { data, error } = useQuery({ ...status, ...(quit && { enabled: false }) });
  const code = error instanceof AgentError ? error.code : error ? 'away' : null;
  return (
    <>
      <title>{t`The agent of this PC`}</title>
      <a className="skip-link" href="#content">
        <Trans>To the content</Trans>
      </a>
      <header className={classes.head}>
        <Container size="md" className={classes.bar}>
          <Brand />
          <Look />
        </Container>
      </header>
      <Container size="md" component="main" id="content" className={classes.content}>
        <Title order={1} className={classes.title}>
          <Trans>The agent of this PC</Trans>
        </Title>
        {quit ? (
          <Away reason="quit" service={quit === 'service'} />
        ) : code ? (
          <Away reason={code === 'signed_out' ? 'signed_out' : 'away'} />
        ) : !data ? (
          <Loading rows={4} height={96} />
        ) : (
          <Stack gap="lg">
            <Sharing status={data} />
            <Limits used={data.cache.used} />
            <Stored used={data.cache.used} limit={data.cache.limit} />
            <Bytes />
            <Privacy />
            <Connection />
            <Support />
            <Quit done={(service) => setQuit(service ? 'service' : 'program')} />
          </Stack>
        )}
      </Container>
    </>
  );
}
