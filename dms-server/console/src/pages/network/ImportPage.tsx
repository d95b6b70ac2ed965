/** Sites from a CSV file: dropped or pasted, looked at in a dry run, then applied as one change. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, Group, Stack, Switch } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconCheck, IconTableImport } from '@tabler/icons-react';
import { keepPreviousData, useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo, useRef, useState } from 'react';
import { toApiError } from '~/api/client';
import { EmptyState } from '~/parts/EmptyState';
import { ErrorState } from '~/parts/ErrorState';
import { FormProblem } from '~/parts/FormProblem';
import { Loading } from '~/parts/Loading';
import { Notice } from '~/parts/Notice';
import { PageHeader } from '~/parts/PageHeader';
import { useUrlState } from '~/parts/url-state';
import { FaultTable } from './FaultTable';
import { ImportSource, type Source } from './ImportSource';
import { importSites, isNothing, type Options } from './import';
import { PlanSummary } from './PlanSummary';
import { PlanTable } from './PlanTable';
import { useSiteUndo } from './undo';

const DEFAULTS = { conflicts: 'refuse', others: 'keep' };

/** How long typing may rest before the text is looked at, ms. */
const REST_MS = 350;

const EMPTY: Source = { id: 0, name: null, text: '', bytes: new Blob() };

export default function ImportPage() {
  const { t } = useLingui();
  const [{ conflicts, others }, change] = useUrlState(DEFAULTS);
  const [source, setSource] = useState(EMPTY);
  const [looked] = useDebouncedValue(source, REST_MS);
  const field = useRef<HTMLTextAreaElement>(null);
  const { tell, undo } = useSiteUndo();
  const options: Options = useMemo(
    () => ({
      conflicts: conflicts === 'move' ? 'move' : 'refuse',
      others: others === 'delete' ? 'delete' : 'keep',
    }),
    [conflicts, others],
  );
  const isEmpty = looked.bytes.size === 0;
  const plan = useQuery({
    queryKey: ['site-import', looked.id, options],
    queryFn: () => importSites(looked.bytes, options, true),
    enabled: !isEmpty,
    placeholderData: keepPreviousData,
    gcTime: 0,
    staleTime: 0,
  });
  const apply = useMutation({
    mutationFn: () => importSites(source.bytes, options, false),
    onSuccess: ({ change: made }) => {
      tell(<Trans>The sites were imported.</Trans>, made ?? null);
    },
  });
  const shown = isEmpty ? undefined : plan.data;
  const isOld = plan.isPlaceholderData || looked !== source;
  const ready = shown !== undefined && !isOld && shown.faults.length === 0 && !isNothing(shown);
  const goTo = (line: number) => {
    const area = field.current;
    if (!area || line < 1) return;
    const before = source.text.split('\n').slice(0, line - 1).join('\n').length + (line > 1 ? 1 : 0);
    const end = source.text.indexOf('\n', before);
    area.focus();
    area.setSelectionRange(before, end < 0 ? source.text.length : end);
  };
  const take = (next: Source) => {
    apply.reset();
    setSource(next);
  };
  const made = apply.data?.change;
  return (
    <>
      <PageHeader
        title={t`Import sites`}
        above={{ to: '/network', title: t`Network` }}
        lead={t`A CSV file with the columns site, subnets, peering and wan_mbit. It is looked at first; nothing changes until you apply it.`}
      />
      <Stack>
        <ImportSource source={source} change={take} field={field} />
        <Group gap="xl">
          <Switch
            label={t`Move subnets that another site has`}
            checked={options.conflicts === 'move'}
            onChange={(event) => change({ conflicts: event.currentTarget.checked ? 'move' : 'refuse' })}
          />
          <Switch
            label={t`Delete sites that the file does not name`}
            checked={options.others === 'delete'}
            onChange={(event) => change({ others: event.currentTarget.checked ? 'delete' : 'keep' })}
          />
        </Group>
        {isEmpty && (
          <EmptyState icon={IconTableImport} title={t`Nothing to look at yet`}>
            <Trans>What the file would do to each site appears here, with every fault by line and column.</Trans>
          </EmptyState>
        )}
        {!isEmpty && plan.isPending && <Loading rows={5} />}
        {plan.isError && <ErrorState error={plan.error} retry={plan.refetch} />}
        {apply.isError && <FormProblem error={toApiError(apply.error)} title={t`Nothing was changed`} />}
        {made && (
          <Notice kind="ok" title={t`The sites were imported`}>
            <Group gap="sm" mt={4}>
              <Button
                size="xs"
                variant="default"
                onClick={() => void undo(made).then(() => take({ ...source, id: source.id + 1 }))}
              >
                <Trans>Undo</Trans>
              </Button>
              <Button size="xs" variant="subtle" component={Link} to="/network">
                <Trans>See the sites</Trans>
              </Button>
              <span>
                <Trans>It can be taken back for 24 hours, under Changes.</Trans>
              </span>
            </Group>
          </Notice>
        )}
        {shown && !made && (
          <Stack aria-busy={isOld}>
            <PlanSummary
              plan={shown}
              action={
                <Button
                  leftSection={<IconCheck size={16} />}
                  disabled={!ready}
                  loading={apply.isPending}
                  onClick={() => apply.mutate()}
                >
                  <Trans>Apply</Trans>
                </Button>
              }
            />
            {shown.faults.length > 0 && (
              <FaultTable label={t`Faults`} faults={shown.faults} open={goTo} />
            )}
            {shown.notices.length > 0 && (
              <FaultTable label={t`Worth knowing`} faults={shown.notices} open={goTo} />
            )}
            {shown.sites.length > 0 && <PlanTable sites={shown.sites} />}
          </Stack>
        )}
      </Stack>
    </>
  );
}
