/** What came to each site; one of them is looked at alone, or in the network. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Anchor } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { type DeliverySite, NO_SITE, offload, rebuffering, rebufferTone } from '~/api/delivery';
import { type Column, DataTable } from '~/parts/DataTable';
import { bytes, count, percent } from '~/parts/format';
import { State } from '~/parts/State';

export function SiteRows({ sites, choose }: { sites: readonly DeliverySite[]; choose: (site: string) => void }) {
  const { t, i18n } = useLingui();
  const columns = useMemo<Column<DeliverySite>[]>(
    () => [
      {
        id: 'site',
        header: t`Site`,
        width: 'minmax(110px, 1.5fr)',
        cell: ({ site, name }) => <strong>{site ? (name ?? <Trans>A site that was deleted</Trans>) : <Trans>In no site</Trans>}</strong>,
      },
      { id: 'views', header: t`Views`, width: '80px', numeric: true, cell: ({ views }) => count(views, i18n.locale) },
      {
        id: 'offload',
        header: t`Not over the WAN`,
        width: '130px',
        numeric: true,
        cell: (sums) => {
          const ratio = offload(sums);
          return ratio === null ? t`no data` : percent(ratio, i18n.locale);
        },
      },
      {
        id: 'origin',
        header: t`From the origin`,
        width: '130px',
        numeric: true,
        wideOnly: true,
        cell: ({ origin_bytes: origin }) => bytes(origin, i18n.locale),
      },
      {
        id: 'rebuffer',
        header: t`Rebuffering`,
        width: '120px',
        cell: (sums) => {
          const ratio = rebuffering(sums);
          return ratio === null ? t`no data` : <State tone={rebufferTone(ratio)}>{percent(ratio, i18n.locale, 1)}</State>;
        },
      },
      {
        id: 'network',
        header: t`Network`,
        width: '110px',
        wideOnly: true,
        cell: ({ site, name }) =>
          site && name ? (
            <Anchor component={Link} to={`/network?site=${site}`} size="sm">
              <Trans>The site</Trans>
            </Anchor>
          ) : null,
      },
    ],
    [t, i18n],
  );
  return (
    <DataTable
      label={t`By site`}
      rows={sites}
      columns={columns}
      idOf={({ site }) => site ?? NO_SITE}
      open={({ site }) => choose(site ?? NO_SITE)}
    />
  );
}
