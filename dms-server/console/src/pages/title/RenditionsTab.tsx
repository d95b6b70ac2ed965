/** The qualities that a title is there in: while it is being prepared how far each is, afterwards what each is. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Code, Group, Stack, Table, Text } from '@mantine/core';
import { IconStack2 } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { api, ask } from '~/api/client';
import { isBusy, type Title } from '~/api/titles';
import { EmptyState } from '~/parts/EmptyState';
import { ErrorState } from '~/parts/ErrorState';
import { bytes, count } from '~/parts/format';
import { Loading } from '~/parts/Loading';
import { Panel } from '~/parts/Panel';
import { Renditions } from '../uploads/Renditions';
import { readMaster } from './master';

export function RenditionsTab({ title }: { title: Title }) {
  const { t } = useLingui();
  if (isBusy(title) && (title.renditions ?? []).length > 0) {
    return (
      <Panel title={t`Being transcoded`}>
        <Renditions renditions={title.renditions ?? []} />
      </Panel>
    );
  }
  if (title.state !== 'complete' || title.kind === 'file') {
    return (
      <EmptyState icon={IconStack2} title={t`There are no renditions`}>
        <Trans>A video that was prepared is there in several qualities; players choose the best that the line carries.</Trans>
      </EmptyState>
    );
  }
  return <Published id={title.id} />;
}

function Published({ id }: { id: string }) {
  const { t, i18n } = useLingui();
  const master = useQuery({
    queryKey: ['master', id],
    queryFn: async () => {
      const params = { path: { title: id } };
      const text = await ask(api.GET('/hls/{title}/master.m3u8', { params, parseAs: 'text' }));
      return readMaster(text as string);
    },
    staleTime: 60_000,
  });
  if (master.isPending) return <Loading rows={4} />;
  if (master.isError) return <ErrorState error={master.error} retry={master.refetch} />;
  const rate = (bits: number) => `${bytes(bits, i18n.locale).replace(/[Bb](yte|ytes|yte)?$/, 'bit')}/s`;
  const { pictures, sounds } = master.data;
  // `und` is what a file says that says no language.
  const spoken = sounds.map(({ name, language }) => (language && language !== name ? `${name} (${language})` : name));
  const languages = spoken.filter((name) => name !== 'und').join(', ');
  return (
    <Panel flush>
      <Table.ScrollContainer minWidth={560} type="native" tabIndex={0} role="region" aria-label={t`Renditions`}>
        <Table verticalSpacing="sm" horizontalSpacing="lg">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t`Quality`}</Table.Th>
              <Table.Th>{t`Picture`}</Table.Th>
              <Table.Th ta="end">{t`Pictures a second`}</Table.Th>
              <Table.Th ta="end">{t`At its most`}</Table.Th>
              <Table.Th>{t`Codecs`}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {pictures.map(({ width, height, frameRate, peak, codecs }) => (
              <Table.Tr key={`${width}x${height}-${peak}`}>
                <Table.Td fw={600}>{height === null ? t`Sound only` : `${height}p`}</Table.Td>
                <Table.Td className="tabular">{width === null ? '–' : `${width} × ${height}`}</Table.Td>
                <Table.Td ta="end" className="tabular">
                  {frameRate === null ? '–' : count(frameRate, i18n.locale)}
                </Table.Td>
                <Table.Td ta="end" className="tabular">
                  {rate(peak)}
                </Table.Td>
                <Table.Td>
                  <Group gap={4}>
                    {codecs.map((codec) => (
                      <Code key={codec}>{codec}</Code>
                    ))}
                  </Group>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {languages && (
        <Stack px="lg" pb="md">
          <Text size="sm" c="dimmed">
            <Trans>Sound: {languages}</Trans>
          </Text>
        </Stack>
      )}
    </Panel>
  );
}
