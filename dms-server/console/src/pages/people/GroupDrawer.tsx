/** A group to be made, changed or deleted, and who is in it. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Stack, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ask, toApiError } from '~/api/client';
import type { PeopleGroup } from '~/api/people';
import { DeleteButton } from '~/parts/DeleteButton';
import { DrawerActions } from '~/parts/DrawerActions';
import { useProblemText } from '~/parts/problem-text';
import { useSending } from '~/parts/sending';
import { SideDrawer } from '~/parts/SideDrawer';
import { done, failed, undoable } from '~/parts/toast';
import type { Role } from '~/session/roles';
import { useMay } from '~/session/session';
import { Members } from './Members';
import { RolesField } from './RolesField';

interface Props {
  readonly opened: boolean;
  /** Null: a new one. */
  readonly group: PeopleGroup | null;
  readonly close: () => void;
  /** Leaves a group out of the list; null: none. */
  readonly hide: (id: string | null) => void;
}

export function GroupDrawer({ opened, group, close, hide }: Props) {
  const { t } = useLingui();
  return (
    <SideDrawer
      opened={opened}
      onClose={close}
      title={group ? group.name : t`Add a group`}
    >
      {opened && (
        <Stack gap="xl">
          <Fields group={group} close={close} hide={hide} />
          {group && <Members group={group.id} />}
        </Stack>
      )}
    </SideDrawer>
  );
}

function Fields({ group, close, hide }: Omit<Props, 'opened'>) {
  const { t } = useLingui();
  const mayChange = useMay('people');
  const client = useQueryClient();
  const problemText = useProblemText();
  const [name, setName] = useState(group?.name ?? '');
  const [roles, setRoles] = useState<Role[]>([...(group?.roles ?? [])]);
  const refresh = () => client.invalidateQueries({ queryKey: ['groups'] });
  const sending = useSending(
    () => {
      const body = { name, roles };
      return group
        ? ask(api.PUT('/api/v1/groups/{group}', { params: { path: { group: group.id } }, body }))
        : ask(api.POST('/api/v1/groups', { body }));
    },
    () => {
      done(group ? <Trans>{name} was changed.</Trans> : <Trans>{name} was added.</Trans>);
      void refresh();
      close();
    },
    { '/name': t`Name`, '/roles': t`Roles that come with it` },
  );
  const remove = () => {
    if (!group) return;
    const act = async () => {
      try {
        await ask(api.DELETE('/api/v1/groups/{group}', { params: { path: { group: group.id } }, keepalive: true }));
      } catch (error) {
        const problem = toApiError(error);
        failed(t`${group.name} was not deleted. ${problemText(problem)} (${problem.code})`);
      }
      await refresh();
      hide(null);
    };
    const gone = group.name;
    undoable({
      message: <Trans>{gone} is being deleted.</Trans>,
      act: () => void act(),
      hide: () => hide(group.id),
      show: () => hide(null),
    });
    close();
  };
  return (
    <form ref={sending.form} onSubmit={sending.submit} noValidate>
      <Stack>
        {sending.problem}
        <TextInput
          label={t`Name`}
          data-autofocus
          readOnly={!mayChange}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          error={sending.at('/name')}
        />
        <RolesField
          label={t`Roles that come with it`}
          value={roles}
          change={setRoles}
          error={sending.at('/roles')}
          disabled={!mayChange}
        />
        {mayChange && (
          <DrawerActions away={group && <DeleteButton act={remove} />} busy={sending.busy} close={close} />
        )}
      </Stack>
    </form>
  );
}
