/** Who is in a group: added by sign-in name, taken out again. */

import { Trans, useLingui } from '@lingui/react/macro';
import { ActionIcon, Button, Group, Stack, Text, TextInput, Title } from '@mantine/core';
import { IconUserMinus } from '@tabler/icons-react';
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ask, PAGE_LIMIT, toApiError, type Schema } from '~/api/client';
import { findPerson } from '~/api/people';
import { ErrorState } from '~/parts/ErrorState';
import { Loading } from '~/parts/Loading';
import { useProblemText } from '~/parts/problem-text';
import { reversible } from '~/parts/reversible';
import { useSending, wrong } from '~/parts/sending';
import { failed } from '~/parts/toast';
import { useMay } from '~/session/session';

export function Members({ group }: { group: string }) {
  const { t } = useLingui();
  const mayChange = useMay('people');
  const client = useQueryClient();
  const problemText = useProblemText();
  const [login, setLogin] = useState('');
  const list = useInfiniteQuery({
    queryKey: ['groups', group, 'members'],
    queryFn: ({ pageParam }) => {
      const query = { limit: PAGE_LIMIT, ...(pageParam && { cursor: pageParam }) };
      return ask(api.GET('/api/v1/groups/{group}/members', { params: { path: { group }, query } }));
    },
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor ?? null,
  });
  const members = list.data?.pages.flatMap(({ items }) => items) ?? [];
  const refresh = () =>
    Promise.all(['groups', 'people'].map((key) => client.invalidateQueries({ queryKey: [key] })));
  const put = (person: string) =>
    ask(api.PUT('/api/v1/groups/{group}/members/{person}', { params: { path: { group, person } } }));
  const sending = useSending(
    async () => {
      const asked = login.trim();
      const found = asked === '' ? null : await findPerson(asked);
      if (!found) {
        const fix = t`Give the name that somebody signs in with.`;
        throw wrong(t`Nobody signs in like this.`, [{ pointer: '/login', code: 'unknown_person', fix }]);
      }
      await put(found.id);
    },
    () => {
      setLogin('');
      void refresh();
    },
    { '/login': t`Add, by sign-in name` },
  );
  const remove = async ({ id, name }: Schema<'Named'>) => {
    try {
      const params = { path: { group, person: id } };
      await ask(api.DELETE('/api/v1/groups/{group}/members/{person}', { params }));
      reversible(<Trans>{name} was taken out.</Trans>, () => void put(id).then(refresh));
    } catch (error) {
      const problem = toApiError(error);
      failed(t`${name} was not taken out. ${problemText(problem)} (${problem.code})`);
    }
    await refresh();
  };
  return (
    <Stack gap="sm">
      <Title order={3}>
        <Trans>Members</Trans>
      </Title>
      {mayChange && (
        <form ref={sending.form} onSubmit={sending.submit} noValidate>
          <Stack gap="xs">
            {sending.problem}
            <Group align="flex-end" gap="xs">
              <TextInput
                flex={1}
                label={t`Add, by sign-in name`}
                value={login}
                onChange={(event) => setLogin(event.currentTarget.value)}
                error={sending.at('/login')}
              />
              <Button type="submit" variant="default" loading={sending.busy}>
                <Trans>Add</Trans>
              </Button>
            </Group>
          </Stack>
        </form>
      )}
      {list.isPending && <Loading rows={3} height={28} />}
      {list.isError && <ErrorState error={list.error} retry={list.refetch} />}
      {list.isSuccess && members.length === 0 && (
        <Text size="sm" c="dimmed">
          <Trans>Nobody is in it yet.</Trans>
        </Text>
      )}
      {members.map((member) => (
        <Group key={member.id} justify="space-between">
          <Text size="sm">{member.name}</Text>
          {mayChange && (
            <ActionIcon variant="subtle" color="gray" aria-label={t`Take out ${member.name}`} onClick={() => void remove(member)}>
              <IconUserMinus size={16} />
            </ActionIcon>
          )}
        </Group>
      ))}
      {list.hasNextPage && (
        <Button variant="subtle" size="xs" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
          <Trans>Show more</Trans>
        </Button>
      )}
    </Stack>
  );
}
