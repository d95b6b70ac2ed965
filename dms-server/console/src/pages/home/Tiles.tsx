/** Four numbers. Where the server gives none, the tile says so; that is not the same as 0. */

import { Trans, useLingui } from '@lingui/react/macro';
import { SimpleGrid } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api, ask, type Schema } from '~/api/client';
import { sitesQuery } from '~/api/sites';
import { count } from '~/parts/format';
import { useMay } from '~/session/session';
import classes from './Home.module.css';
import { hoursPlayed, peersNow, wanCopies } from './numbers';

/** What "lately" is, ms. */
const LATELY_MS = 30 * 24 * 3600 * 1000;

export function Tiles({ titles }: { titles: Schema<'Page_Title'> | undefined }) {
  const { t, i18n } = useLingui();
  const mayNetwork = useMay('read_network');
  const mayUsage = useMay('audit');
  const sites = useQuery({ ...sitesQuery, enabled: mayNetwork });
  const usage = useQuery({
    queryKey: ['usage', 'lately'],
    queryFn: () => ask(api.GET('/api/v1/usage', { params: { query: { from_ms: Date.now() - LATELY_MS } } })),
    enabled: mayUsage,
    staleTime: 60_000,
  });
  const said = (value: number | null) => (value === null ? null : count(value, i18n.locale));
  const published = titles?.items.filter(({ state }) => state === 'complete').length;
  const more = titles?.next_cursor ? '+' : '';
  const copies = wanCopies(sites.data?.items);
  const hours = hoursPlayed(usage.data as Schema<'Ledger_Usage'> | undefined);
  return (
    <SimpleGrid component="dl" cols={{ base: 2, md: 4 }} spacing="md" m={0}>
      <Tile name={t`Published titles`} value={published === undefined ? null : `${count(published, i18n.locale)}${more}`}>
        {more ? <Trans>of the newest ones</Trans> : <Trans>that can be watched</Trans>}
      </Tile>
      <Tile name={t`PCs that share now`} value={said(peersNow(sites.data?.items))}>
        {mayNetwork ? <Trans>connected, at all sites</Trans> : <Trans>not for your role</Trans>}
      </Tile>
      <Tile name={t`Copies over the WAN`} value={said(copies)}>
        {mayNetwork ? <Trans>of each piece, since the server started; 1 is the best</Trans> : <Trans>not for your role</Trans>}
      </Tile>
      <Tile name={t`Hours watched`} value={said(hours)}>
        {mayUsage ? <Trans>in the last 30 days</Trans> : <Trans>not for your role</Trans>}
      </Tile>
    </SimpleGrid>
  );
}

function Tile({ name, value, children }: { name: string; value: string | null; children: ReactNode }) {
  return (
    <div className={classes.tile}>
      <dt>{name}</dt>
      <dd data-none={value === null ? true : undefined}>{value ?? <Trans>no data</Trans>}</dd>
      <dd className={classes.note}>{children}</dd>
    </div>
  );
}
