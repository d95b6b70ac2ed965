/** API tokens: for programs. The secret is shown when one is made. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { IconKey } from '@tabler/icons-react';
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { api, ask, PAGE_LIMIT, type Schema, toApiError } from '~/api/client';
import { type Column, DataTable } from '~/parts/DataTable';
import { EmptyState } from '~/parts/EmptyState';
import { ErrorState } from '~/parts/ErrorState';
import { Loading } from '~/parts/Loading';
import { Panel } from '~/parts/Panel';
import { useProblemText } from '~/parts/problem-text';
import { RolesSelect } from './RolesSelect';
import { useSending, wrong } from '~/parts/sending';
import { Time } from '~/parts/Time';
import { failed, undoable } from '~/parts/toast';
import { type Role, ROLE_NAMES } from '~/session/roles';
import { Secret } from './Secret';

type Token = Schema<'Token'>;

const DAY_S = 86_400;

export default function TokensTab() {
  const { t, i18n } = useLingui();
  const client = useQueryClient();
  const problemText = useProblemText();
  const [gone, setGone] = useState<ReadonlySet<string>>(new Set());
  const list = useInfiniteQuery({
    queryKey: ['tokens'],
    queryFn: ({ pageParam }) =>
      ask(api.GET('/api/v1/tokens', { params: { query: { limit: PAGE_LIMIT, ...(pageParam && { cursor: pageParam }) } } })),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor ?? null,
  });
  const all = useMemo(() => list.data?.pages.flatMap(({ items }) => items) ?? [], [list.data]);
  const rows = useMemo(() => all.filter(({ id }) => !gone.has(id)), [all, gone]);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  const columns = useMemo<Column<Token>[]>(() => {
    const revoke = ({ id, name }: Token) => {
      const show = () => setGone((old) => new Set([...old].filter((other) => other !== id)));
      const act = async () => {
        try {
          await ask(api.DELETE('/api/v1/tokens/{token}', { params: { path: { token: id } }, keepalive: true }));
        } catch (error) {
          const problem = toApiError(error);
          failed(t`${name} was not revoked. ${problemText(problem)} (${problem.code})`);
        }
        await client.invalidateQueries({ queryKey: ['tokens'] });
        show();
      };
      undoable({
        message: <Trans>{name} is being revoked.</Trans>,
        act: () => void act(),
        hide: () => setGone((old) => new Set([...old, id])),
        show,
      });
    };
    return [
      { id: 'name', header: t`Name`, width: 'minmax(110px, 1.3fr)', cell: ({ name }) => <strong>{name}</strong> },
      {
        id: 'roles',
        header: t`Roles`,
        width: 'minmax(0, 1.5fr)',
        cell: ({ roles }) => roles.map((role) => i18n._(ROLE_NAMES[role])).join(', '),
      },
      {
        id: 'whose',
        header: t`Whose`,
        width: '140px',
        wideOnly: true,
        cell: ({ person }) => (person ? t`a person's` : t`the installation's`),
      },
      {
        id: 'ends',
        header: t`Ends`,
        width: '140px',
        cell: ({ expires_ms: ms }) => (ms ? <Time ms={ms} /> : t`never`),
      },
      {
        id: 'revoke',
        header: t`Revoke`,
        width: '110px',
        numeric: true,
        cell: (token) => (
          <Button
            size="xs"
            variant="default"
            aria-label={t`Revoke ${token.name}`}
            onClick={() => revoke(token)}
          >
            <Trans>Revoke</Trans>
          </Button>
        ),
      },
    ];
  }, [t, i18n, client, problemText]);
  return (
    <Stack gap="lg">
      <NewToken />
      {list.isPending && <Loading rows={4} />}
      {list.isError && all.length === 0 && <ErrorState error={list.error} retry={list.refetch} />}
      {list.isSuccess && rows.length === 0 && (
        <EmptyState icon={IconKey} title={t`There is no token`}>
          <Trans>Programs that use the API give a token; each has a name, roles, and an end.</Trans>
        </EmptyState>
      )}
      {rows.length > 0 && (
        <DataTable
          label={t`API tokens`}
          rows={rows}
          columns={columns}
          idOf={({ id }) => id}
          more={hasNextPage ? () => void fetchNextPage() : null}
          loading={isFetchingNextPage}
        />
      )}
    </Stack>
  );
}

function NewToken() {
  const { t } = useLingui();
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [roles, setRoles] = useState<Role[]>([]);
  const [days, setDays] = useState('90');
  const [made, setMade] = useState<Token | null>(null);
  const sending = useSending(
    async () => {
      const plain = days.trim();
      if (!/^\d{0,5}$/.test(plain)) {
        const fix = t`Give whole days, such as 90; nothing is without an end.`;
        throw wrong(t`The token cannot be made like this.`, [{ pointer: '/ttl_seconds', code: 'not_a_number', fix }]);
      }
      const body = { name, roles, ttl_seconds: plain === '' ? null : Number(plain) * DAY_S };
      return ask(api.POST('/api/v1/tokens', { body }));
    },
    (token) => {
      setMade(token);
      setName('');
      void client.invalidateQueries({ queryKey: ['tokens'] });
    },
    { '/name': t`What it is for`, '/roles': t`Roles`, '/ttl_seconds': t`Days` },
  );
  return (
    <Panel title={t`New token`}>
      <form ref={sending.form} onSubmit={sending.submit} noValidate>
        <Stack>
          {sending.problem}
          <Group align="flex-start" gap="md">
            <TextInput
              flex="2 1 180px"
              label={t`What it is for`}
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              error={sending.at('/name')}
            />
            <RolesSelect value={roles} change={setRoles} error={sending.at('/roles')} />
            <TextInput
              w={150}
              label={t`Days`}
              inputMode="numeric"
              value={days}
              onChange={(event) => setDays(event.currentTarget.value)}
              error={sending.at('/ttl_seconds')}
            />
            <Button type="submit" mt={25} loading={sending.busy}>
              <Trans>Make it</Trans>
            </Button>
          </Group>
          {made?.token && <Secret title={made.name} value={made.token} copy={t`Copy the token`} />}
          <Text size="xs" c="dimmed">
            <Trans>A token of yours is never worth more than you are, and goes with your account.</Trans>
          </Text>
        </Stack>
      </form>
    </Panel>
  );
}
