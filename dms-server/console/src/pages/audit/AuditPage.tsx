/** Who did what: searched, exported, and checked for having been tampered with. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, CloseButton, Group, Stack, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconDownload, IconHistory, IconShieldCheck } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useMemo } from 'react';
import { api, ask, type Schema } from '~/api/client';
import { EmptyState } from '~/parts/EmptyState';
import { ErrorState } from '~/parts/ErrorState';
import { count } from '~/parts/format';
import { fromLocalInput } from '~/parts/local-time';
import { Notice } from '~/parts/Notice';
import { PageHeader } from '~/parts/PageHeader';
import { useUrlState } from '~/parts/url-state';
import { AuditTable, type AuditFilter } from './AuditTable';

const DEFAULTS = { actor: '', action: '', object: '', from: '', until: '' };

export default function AuditPage() {
  const { t } = useLingui();
  const [values, change] = useUrlState(DEFAULTS);
  const [settled] = useDebouncedValue(values, 300);
  const filter = useMemo(() => asFilter(settled), [settled]);
  const verify = useMutation({ mutationFn: () => ask(api.GET('/api/v1/audit/verify')) });
  const actions = (
    <>
      <Button
        variant="default"
        leftSection={<IconShieldCheck size={16} />}
        loading={verify.isPending}
        onClick={() => verify.mutate()}
      >
        <Trans>Check the log</Trans>
      </Button>
      <Button
        component="a"
        href="/api/v1/audit/export"
        download="audit.jsonl"
        variant="default"
        leftSection={<IconDownload size={16} />}
      >
        <Trans>Export</Trans>
      </Button>
    </>
  );
  const field = (name: keyof typeof DEFAULTS, label: string, placeholder = '') => (
    <TextInput
      label={label}
      placeholder={placeholder}
      value={values[name]}
      onChange={(event) => change({ [name]: event.currentTarget.value })}
      rightSection={
        values[name] && <CloseButton size="sm" aria-label={t`Clear ${label}`} onClick={() => change({ [name]: '' })} />
      }
      flex="1 1 160px"
      {...(name === 'actor' && { 'data-page-search': true })}
      {...(name === 'from' || name === 'until' ? { type: 'datetime-local', rightSection: null } : {})}
    />
  );
  const empty = (
    <EmptyState icon={IconHistory} title={t`No row is like that`}>
      <Trans>Every act on content, rights, people, devices and the network is listed here, with who did it.</Trans>
    </EmptyState>
  );
  return (
    <>
      <PageHeader
        title={t`Audit log`}
        lead={t`Rows are only ever added, and each is chained to the one before: what is changed in the database is found.`}
        actions={actions}
      />
      <Stack>
        {verify.isError && <ErrorState error={verify.error} retry={() => verify.mutate()} />}
        {verify.data && <Verdict report={verify.data} />}
        <Group align="flex-end" gap="sm">
          {field('actor', t`Who`, t`Name or id`)}
          {field('action', t`What`, 'title.')}
          {field('object', t`Object's id`)}
          {field('from', t`From`)}
          {field('until', t`Until`)}
        </Group>
        <AuditTable filter={filter} empty={empty} />
      </Stack>
    </>
  );
}

function asFilter({ actor, action, object, from, until }: typeof DEFAULTS): AuditFilter {
  const [fromMs, untilMs] = [fromLocalInput(from), fromLocalInput(until)];
  return {
    ...(actor && { actor }),
    ...(action && { action }),
    ...(object && { object }),
    ...(fromMs !== null && { from_ms: fromMs }),
    ...(untilMs !== null && { until_ms: untilMs }),
  };
}

function Verdict({ report }: { report: Schema<'Report'> }) {
  const { t, i18n } = useLingui();
  const rows = count(report.rows, i18n.locale);
  if (report.whole) {
    return (
      <Notice kind="ok" title={t`The log is whole`}>
        <Trans>All {rows} rows are what was written, and none is missing.</Trans>
      </Notice>
    );
  }
  const faults = report.faults.map((fault) => {
    switch (fault.kind) {
      case 'changed':
        return t`Row ${fault.seq} is not what was written.`;
      case 'missing':
        return t`Rows ${fault.from} to ${fault.to} are gone.`;
      case 'head':
        return t`The head does not belong to the last row.`;
      case 'noted':
        return t`The head that was noted (row ${fault.seq}) is not in the log.`;
    }
  });
  return (
    <Notice kind="bad" title={t`The log was tampered with`}>
      {faults.join(' ')}
    </Notice>
  );
}
