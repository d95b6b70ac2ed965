/** The share of views on each path to their video, why, and what to do about it. */

import { Plural, Trans, useLingui } from '@lingui/react/macro';
import { Button, Group, Stack, Table, Text } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useMemo } from 'react';
import { api, ask } from '~/api/client';
import { download, toCsv } from '~/parts/csv';
import { ErrorState } from '~/parts/ErrorState';
import { count, percent } from '~/parts/format';
import { Loading } from '~/parts/Loading';
import { Notice } from '~/parts/Notice';
import { Panel } from '~/parts/Panel';
import { useMay } from '~/session/session';
import { type Obstacle, obstaclesOf, type PathReason, PATHS, sharesOf, type ViewPath } from './paths';
import classes from './Paths.module.css';

/** What is looked at, ms. */
const LATELY_MS = 7 * 24 * 3600 * 1000;
const LOOK_MS = 60_000;

export function PathsPanel() {
  return useMay('read_network') ? <Paths /> : null;
}

function Paths() {
  const { t, i18n } = useLingui();
  const paths = useQuery({
    queryKey: ['view-paths'],
    queryFn: () => ask(api.GET('/api/v1/delivery/paths', { params: { query: { from_ms: Date.now() - LATELY_MS } } })),
    refetchInterval: LOOK_MS,
  });
  const names: Readonly<Record<ViewPath, string>> = {
    agent: t`The agent`,
    agent_page: t`The agent's own page`,
    asked: t`The agent, after a question`,
    origin: t`The origin`,
  };
  const reasons: Readonly<Record<PathReason, string>> = {
    granted: t`the browser allows it`,
    not_gated: t`the browser asks nobody here`,
    ask_first: t`the browser would ask, and the person was not bothered`,
    refused_before: t`the person said no`,
    denied: t`the browser does not allow it`,
    agent_answers: t`the agent answered late`,
    agent_silent: t`no agent answered`,
    agent_lost: t`the agent stopped answering`,
    agent_back: t`the agent came back`,
  };
  const hints: Readonly<Record<Obstacle, ReactNode>> = {
    browser: <Trans>Deploy the browsers' policy above: then nobody is asked, and no browser says no.</Trans>,
    no_agent: <Trans>There is no agent on these PCs: install it there, or see under Peers which ones are offline.</Trans>,
    agent_lost: <Trans>Agents stop while people watch: look at their versions under Peers, and at a support bundle of one.</Trans>,
  };
  const items = paths.data?.items ?? [];
  const shares = useMemo(() => sharesOf(items), [items]);
  const rows = useMemo(
    () => items.toSorted((a, b) => PATHS.indexOf(a.path) - PATHS.indexOf(b.path) || b.views - a.views),
    [items],
  );
  const all = items.reduce((sum, { views }) => sum + views, 0);
  const text = (ratio: number) => percent(ratio, i18n.locale);
  const save = () => {
    const head = [t`Path`, t`Why`, t`Views`];
    download('view-paths.csv', toCsv([head, ...rows.map(({ path, reason, views }) => [names[path], reasons[reason], views])]));
  };
  return (
    <Panel
      title={t`5. How videos come`}
      actions={
        rows.length > 0 && (
          <Button size="xs" variant="default" leftSection={<IconDownload size={14} />} onClick={save}>
            CSV
          </Button>
        )
      }
    >
      {paths.isPending && <Loading rows={3} />}
      {paths.isError && paths.data === undefined && <ErrorState error={paths.error} retry={paths.refetch} />}
      {paths.data && all === 0 && (
        <Text size="sm" c="dimmed">
          <Trans>Nobody watched in a browser in the last seven days. As soon as somebody does, it is said here by which path.</Trans>
        </Text>
      )}
      {all > 0 && (
        <Stack>
          <Text size="sm" c="dimmed">
            <Plural value={all} one="# view began in the last seven days." other="# views began in the last seven days." />
          </Text>
          <div
            className={classes.bar}
            role="img"
            aria-label={shares.map(({ path, ratio }) => `${names[path]} ${text(ratio)}`).join(', ')}
          >
            {shares.map(({ path, ratio }) => (
              <span key={path} className={classes.part} data-path={path} style={{ flexGrow: ratio }} />
            ))}
          </div>
          <Group gap="md">
            {shares.map(({ path, ratio }) => (
              <Group key={path} gap={6}>
                <span className={classes.key} data-path={path} aria-hidden />
                <Text size="sm">
                  {names[path]} <strong>{text(ratio)}</strong>
                </Text>
              </Group>
            ))}
          </Group>
          {obstaclesOf(items).map(({ obstacle, ratio }) => (
            <Notice key={obstacle} kind="warn">
              <strong>{text(ratio)}</strong>: {hints[obstacle]}
            </Notice>
          ))}
          <Table>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t`Path`}</Table.Th>
                <Table.Th>{t`Why`}</Table.Th>
                <Table.Th ta="end">{t`Views`}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map(({ path, reason, views }) => (
                <Table.Tr key={`${path} ${reason}`}>
                  <Table.Td>{names[path]}</Table.Td>
                  <Table.Td>{reasons[reason]}</Table.Td>
                  <Table.Td ta="end" className="tabular">
                    {count(views, i18n.locale)}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Stack>
      )}
    </Panel>
  );
}
