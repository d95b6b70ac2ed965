/** A person to be added, changed, or closed. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, Checkbox, Stack, Text, TextInput } from '@mantine/core';
import { IconUserCheck, IconUserOff } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ask, toApiError } from '~/api/client';
import type { Person } from '~/api/people';
import { DrawerActions } from '~/parts/DrawerActions';
import { PasswordField } from '~/parts/PasswordField';
import { useProblemText } from '~/parts/problem-text';
import { reversible } from '~/parts/reversible';
import { useSending } from '~/parts/sending';
import { SideDrawer } from '~/parts/SideDrawer';
import { done, failed } from '~/parts/toast';
import type { Role } from '~/session/roles';
import { useMay } from '~/session/session';
import { RolesField } from './RolesField';

interface Props {
  readonly opened: boolean;
  /** Null: somebody new. */
  readonly person: Person | null;
  readonly close: () => void;
}

export function PersonDrawer({ opened, person, close }: Props) {
  const { t } = useLingui();
  return (
    <SideDrawer
      opened={opened}
      onClose={close}
      title={person ? person.name : t`Add a person`}
    >
      {opened && <Fields person={person} close={close} />}
    </SideDrawer>
  );
}

function Fields({ person, close }: { person: Person | null; close: () => void }) {
  const { t } = useLingui();
  const mayChange = useMay('people');
  const client = useQueryClient();
  const problemText = useProblemText();
  const [form, setForm] = useState({
    login: person?.login ?? '',
    name: person?.name ?? '',
    email: person?.email ?? '',
    department: person?.department ?? '',
    roles: (person?.roles ?? ['viewer']) as Role[],
    password: '',
    resetCodes: false,
  });
  const set = (change: Partial<typeof form>) => setForm((old) => ({ ...old, ...change }));
  const refresh = () => client.invalidateQueries({ queryKey: ['people'] });
  const sending = useSending(
    async () => {
      const { login, name, email, department, roles, password, resetCodes } = form;
      const secret = password === '' ? {} : { password };
      const common = { name, email, department, roles, ...secret };
      return person
        ? ask(
            api.PATCH('/api/v1/people/{person}', {
              params: { path: { person: person.id } },
              body: { ...common, ...(resetCodes && { reset_codes: true }) },
            }),
          )
        : ask(api.POST('/api/v1/people', { body: { ...common, login } }));
    },
    () => {
      const { name } = form;
      done(person ? <Trans>{name} was changed.</Trans> : <Trans>{name} was added.</Trans>);
      void refresh();
      close();
    },
    {
      '/login': t`Signs in as`,
      '/name': t`Name`,
      '/email': t`Address`,
      '/department': t`Department`,
      '/roles': t`Roles`,
      '/password': t`Password`,
    },
  );
  const setActive = async (active: boolean): Promise<void> => {
    if (!person) return;
    const { id, name } = person;
    try {
      await ask(api.PATCH('/api/v1/people/{person}', { params: { path: { person: id } }, body: { active } }));
      const back = () => void setActive(!active);
      reversible(active ? <Trans>{name} was opened.</Trans> : <Trans>{name} was closed and signed out.</Trans>, back);
      close();
    } catch (error) {
      const problem = toApiError(error);
      failed(t`${name} was not changed. ${problemText(problem)} (${problem.code})`);
    }
    await refresh();
  };
  const text = (name: 'login' | 'name' | 'email' | 'department', label: string, description?: string) => (
    <TextInput
      label={label}
      description={description}
      readOnly={!mayChange}
      value={form[name]}
      onChange={(event) => set({ [name]: event.currentTarget.value })}
      error={sending.at(`/${name}`)}
      {...(name === (person ? 'name' : 'login') && { 'data-autofocus': true })}
    />
  );
  const groups = person?.groups.map(({ name }) => name).join(', ');
  return (
    <form ref={sending.form} onSubmit={sending.submit} noValidate>
      <Stack>
        {sending.problem}
        {person ? (
          <Text size="sm" c="dimmed">
            {person.login} · {person.source}
            {groups && ` · ${groups}`}
          </Text>
        ) : (
          text('login', t`Signs in as`, t`Lower case, without spaces; often the address.`)
        )}
        {text('name', t`Name`)}
        {text('email', t`Address`)}
        {text('department', t`Department`, t`Where their usage is counted.`)}
        <RolesField
          label={t`Roles`}
          description={t`Nobody gives away more than they have.`}
          value={form.roles}
          change={(roles) => set({ roles })}
          error={sending.at('/roles')}
          disabled={!mayChange}
        />
        {mayChange && (
          <PasswordField
            label={person ? t`New password` : t`Password`}
            description={
              person
                ? t`Empty: as it is. At least 12 characters.`
                : t`At least 12 characters. Empty: they sign in through the directory only.`
            }
            autoComplete="new-password"
            value={form.password}
            onChange={(event) => set({ password: event.currentTarget.value })}
            error={sending.at('/password')}
          />
        )}
        {mayChange && person?.has_codes && (
          <Checkbox
            label={t`Take the one-time codes away, as the device with the app is lost`}
            checked={form.resetCodes}
            onChange={(event) => set({ resetCodes: event.currentTarget.checked })}
          />
        )}
        {mayChange && (
          <DrawerActions
            away={person && <Account active={person.active} set={(active) => void setActive(active)} />}
            busy={sending.busy}
            close={close}
          />
        )}
      </Stack>
    </form>
  );
}

/** What closes the account, or opens it again. */
function Account({ active, set }: { active: boolean; set: (active: boolean) => void }) {
  return (
    <Button
      variant="subtle"
      color={active ? 'red' : 'tide'}
      leftSection={active ? <IconUserOff size={16} /> : <IconUserCheck size={16} />}
      onClick={() => set(!active)}
    >
      {active ? <Trans>Close the account</Trans> : <Trans>Open the account</Trans>}
    </Button>
  );
}
