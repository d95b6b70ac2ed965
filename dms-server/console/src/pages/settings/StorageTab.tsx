/** Where the chunks lie, how much room is left and for what it is used; and a trial of the store. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Anchor, Button, Code, Group, SimpleGrid, Stack, Table, Text } from '@mantine/core';
import { IconDatabase, IconTestPipe } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, ask, type Schema, toApiError } from '~/api/client';
import { EmptyState } from '~/parts/EmptyState';
import { ErrorState } from '~/parts/ErrorState';
import { FormProblem } from '~/parts/FormProblem';
import { bytes } from '~/parts/format';
import { Loading } from '~/parts/Loading';
import { Notice } from '~/parts/Notice';
import { Panel } from '~/parts/Panel';
import { State } from '~/parts/State';
import { useMay } from '~/session/session';
import { Room } from './Room';

export default function StorageTab() {
  const { t, i18n } = useLingui();
  const mayTest = useMay('settings');
  const storage = useQuery({ queryKey: ['storage'], queryFn: () => ask(api.GET('/api/v1/storage')) });
  if (storage.isPending) return <Loading rows={4} />;
  if (storage.isError) return <ErrorState error={storage.error} retry={storage.refetch} />;
  const { place, bytes: held, largest } = storage.data;
  const size = (count: number) => bytes(count, i18n.locale);
  const uploads = size(held.uploads);
  const shared = size(held.shared);
  return (
    <Stack gap="lg">
      <Room storage={storage.data} />
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
        <Panel title={t`Where it lies`}>
          <Stack gap="xs">
            <Code style={{ overflowWrap: 'anywhere' }}>{place}</Code>
            <Text size="sm" c="dimmed">
              <Trans>Each chunk is counted once. What several titles have in common: {shared}.</Trans>
            </Text>
            <Text size="sm" c="dimmed">
              <Trans>Sources of uploads lie beside it, in the server's data folder: {uploads}.</Trans>
            </Text>
          </Stack>
        </Panel>
        {mayTest && <Trial />}
      </SimpleGrid>
      {largest.length === 0 ? (
        <EmptyState icon={IconDatabase} title={t`There is nothing in the store yet`}>
          <Trans>The largest titles stand here once something is published.</Trans>
        </EmptyState>
      ) : (
        <Largest titles={largest} />
      )}
    </Stack>
  );
}

function Largest({ titles }: { titles: Schema<'LargeTitle'>[] }) {
  const { t, i18n } = useLingui();
  return (
    <Panel title={t`The largest titles`} flush>
      <Table verticalSpacing="sm" horizontalSpacing="lg" aria-label={t`The largest titles`}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t`Title`}</Table.Th>
            <Table.Th>{t`Kind`}</Table.Th>
            <Table.Th ta="end">{t`Size`}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {titles.map(({ id, title, kind, bytes: size }) => (
            <Table.Tr key={id}>
              <Table.Td style={{ overflowWrap: 'anywhere' }}>
                {title === null || title === undefined ? (
                  <Text size="sm" c="dimmed">
                    <Trans>a title that is not for you</Trans>
                  </Text>
                ) : (
                  <Anchor component={Link} {...{ to: `/titles/${id}` }}>
                    {title}
                  </Anchor>
                )}
              </Table.Td>
              <Table.Td>{kind === 'video' ? t`Video` : t`File`}</Table.Td>
              <Table.Td ta="end" className="tabular">
                {bytes(size, i18n.locale)}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Panel>
  );
}

function Trial() {
  const { t, i18n } = useLingui();
  const trial = useMutation({ mutationFn: () => ask(api.POST('/api/v1/storage/test')) });
  const names: Readonly<Record<Schema<'StepName'>, string>> = {
    write: t`Write`,
    read: t`Read`,
    read_range: t`Read a part`,
    delete: t`Delete`,
  };
  const took = (us: number) => {
    const style = { style: 'unit', unit: 'millisecond', maximumFractionDigits: us < 10_000 ? 2 : 0 } as const;
    return new Intl.NumberFormat(i18n.locale, style).format(us / 1000);
  };
  const { data } = trial;
  const failure = data?.steps.find((step) => step.failure)?.failure;
  const action = (
    <Button
      variant="default"
      leftSection={<IconTestPipe size={16} />}
      loading={trial.isPending}
      onClick={() => trial.mutate()}
    >
      <Trans>Test the store</Trans>
    </Button>
  );
  return (
    <Panel title={t`Does it work?`} actions={action}>
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          <Trans>A small object is written, read as a whole and in part, and removed.</Trans>
        </Text>
        {trial.isError && <FormProblem error={toApiError(trial.error)} title={t`The store was not tested`} />}
        {data && (
          <Table aria-label={t`Steps of the test`}>
            <Table.Tbody>
              {data.steps.map(({ step, took_us: us, failure: why }) => (
                <Table.Tr key={step}>
                  <Table.Td>{names[step]}</Table.Td>
                  <Table.Td>{why ? <State tone="bad">{t`Failed`}</State> : <State tone="ok">{t`Works`}</State>}</Table.Td>
                  <Table.Td ta="end" className="tabular">
                    {took(us)}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        )}
        {data?.works && <Notice kind="ok" title={t`The store works`} />}
        {failure && (
          <Notice kind="bad" title={t`The store does not work`}>
            <Group gap="xs">
              <Text size="sm">{failure.detail}</Text>
              <Anchor href={`/problems#${failure.code}`} target="_blank">
                <Code data-problem-code>{failure.code}</Code>
              </Anchor>
            </Group>
            <Text size="sm">{failure.fix}</Text>
          </Notice>
        )}
      </Stack>
    </Panel>
  );
}
