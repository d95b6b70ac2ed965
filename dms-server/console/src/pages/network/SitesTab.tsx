/** The sites in a table; one opens in a drawer to be changed. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, CloseButton, Group, Stack, TextInput } from '@mantine/core';
import { IconBuildingCommunity, IconClock, IconDownload, IconFileImport, IconPlus, IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { SITES_MS, type Site, sitesQuery } from '~/api/sites';
import { type Column, DataTable } from '~/parts/DataTable';
import { EmptyState } from '~/parts/EmptyState';
import { ErrorState } from '~/parts/ErrorState';
import { count } from '~/parts/format';
import { Loading } from '~/parts/Loading';
import { rate } from '~/parts/rates';
import { StaleBadge } from '~/parts/StaleBadge';
import { State } from '~/parts/State';
import { useUrlState } from '~/parts/url-state';
import { useMay } from '~/session/session';
import { SiteDrawer } from './SiteDrawer';
import { PEERING } from './texts';

const DEFAULTS = { q: '', site: '' };

export function SitesTab() {
  const { t } = useLingui();
  const mayChange = useMay('network');
  const [{ q, site }, change] = useUrlState(DEFAULTS);
  const sites = useQuery(sitesQuery);
  const all = sites.data?.items;
  const rows = useMemo(() => {
    const wanted = q.trim().toLocaleLowerCase();
    return (all ?? []).filter(
      ({ name, subnets }) => name.toLocaleLowerCase().includes(wanted) || subnets.some((text) => text.includes(wanted)),
    );
  }, [all, q]);
  const opened = all?.find(({ id }) => id === site) ?? null;
  const add = mayChange && (
    <Button leftSection={<IconPlus size={16} />} onClick={() => change({ site: 'new' }, false)}>
      <Trans>Add a site</Trans>
    </Button>
  );
  const bring = mayChange && (
    <Button component={Link} to="/network/import" variant="default" leftSection={<IconFileImport size={16} />}>
      <Trans>Import CSV</Trans>
    </Button>
  );
  return (
    <Stack>
      <Group gap="sm">
        <TextInput
          data-page-search
          type="search"
          aria-label={t`Search sites`}
          placeholder={t`Name or subnet`}
          leftSection={<IconSearch size={16} />}
          rightSection={q && <CloseButton size="sm" aria-label={t`Clear the search`} onClick={() => change({ q: '' })} />}
          value={q}
          onChange={(event) => change({ q: event.currentTarget.value })}
          flex="1 1 200px"
          maw={320}
        />
        <StaleBadge followed sinceMs={sites.dataUpdatedAt} afterMs={3 * SITES_MS} />
        <Group gap="xs" ml="auto">
          <Button
            component="a"
            href="/api/v1/sites/export"
            download="sites.csv"
            variant="default"
            leftSection={<IconDownload size={16} />}
          >
            <Trans>Export CSV</Trans>
          </Button>
          {bring}
          {add}
        </Group>
      </Group>
      {sites.isPending && <Loading rows={6} />}
      {sites.isError && all === undefined && <ErrorState error={sites.error} retry={sites.refetch} />}
      {all?.length === 0 && (
        <EmptyState icon={IconBuildingCommunity} title={t`There is no site yet`} action={add}>
          <Trans>
            Draw your offices as sites, each with its subnets. Until then every peer fetches from the origin, and nothing
            is shared.
          </Trans>
        </EmptyState>
      )}
      {all && all.length > 0 && rows.length === 0 && (
        <EmptyState
          icon={IconSearch}
          title={t`No site is like that`}
          action={
            <Button variant="default" onClick={() => change({ q: '' })}>
              <Trans>Show all sites</Trans>
            </Button>
          }
        >
          <Trans>Neither a name nor a subnet has these letters.</Trans>
        </EmptyState>
      )}
      {rows.length > 0 && <SiteTable rows={rows} open={({ id }) => change({ site: id }, false)} />}
      <SiteDrawer
        key={site}
        opened={(site === 'new' && mayChange) || opened !== null}
        site={opened}
        close={() => change({ site: '' }, false)}
      />
    </Stack>
  );
}

function SiteTable({ rows, open }: { rows: readonly Site[]; open: (site: Site) => void }) {
  const { t, i18n } = useLingui();
  const columns = useMemo<Column<Site>[]>(
    () => [
      { id: 'name', header: t`Site`, width: 'minmax(110px, 1.2fr)', cell: ({ name }) => <strong>{name}</strong> },
      {
        id: 'subnets',
        header: t`Subnets`,
        width: 'minmax(0, 2fr)',
        wideOnly: true,
        cell: ({ subnets }) => (subnets.length === 0 ? <None text={t`none`} /> : <Some all={subnets} />),
      },
      {
        id: 'peering',
        header: t`Peering`,
        width: '160px',
        cell: ({ peering }) => {
          const rule = PEERING[peering];
          return <State tone={rule?.tone ?? 'quiet'}>{rule ? i18n._(rule.name) : peering}</State>;
        },
      },
      {
        id: 'cap',
        header: t`WAN cap now`,
        width: '140px',
        numeric: true,
        wideOnly: true,
        cell: ({ wan_cap_now_bytes_per_second: cap, wan_hours: hours }) => (
          <span>
            {hours.windows?.length ? (
              <IconClock size={14} aria-label={t`by the hour`} style={{ verticalAlign: '-2px' }} />
            ) : null}{' '}
            {cap === 0 ? <None text={t`no cap`} /> : rate(cap, i18n.locale)}
          </span>
        ),
      },
      {
        id: 'peers',
        header: t`Peers`,
        width: '70px',
        numeric: true,
        cell: ({ peers }) => count(peers, i18n.locale),
      },
      {
        id: 'copies',
        header: t`WAN copies`,
        width: '110px',
        numeric: true,
        wideOnly: true,
        cell: ({ wan_copies: copies, distinct_bytes: bytes }) =>
          bytes === 0 ? <None text={t`no data`} /> : i18n.number(copies, { maximumFractionDigits: 2 }),
      },
    ],
    [t, i18n],
  );
  return <DataTable label={t`Sites`} rows={rows} columns={columns} idOf={({ id }) => id} open={open} />;
}

function None({ text }: { text: string }) {
  return <span style={{ color: 'var(--mantine-color-dimmed)' }}>{text}</span>;
}

/** As many as there is room for; all of them on hover. */
function Some({ all }: { all: readonly string[] }) {
  return (
    <span className="tabular" title={all.join('\n')}>
      {all.join(', ')}
    </span>
  );
}
