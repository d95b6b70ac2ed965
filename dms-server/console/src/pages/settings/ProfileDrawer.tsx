/** A transcode profile to be added, changed or deleted, beside the renditions that it makes. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, Group, Stack, Switch, TextInput } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ask, toApiError } from '~/api/client';
import { type Profile, profilesQuery } from '~/api/profiles';
import { useProblemText } from '~/parts/problem-text';
import { reversible } from '~/parts/reversible';
import { useSending, wrong } from '~/parts/sending';
import { SideDrawer } from '~/parts/SideDrawer';
import { done, failed, undoable } from '~/parts/toast';
import { Ladder } from './Ladder';
import { formOf, NEW_PROFILE, numbersOf } from './profile-form';

interface Props {
  readonly opened: boolean;
  /** Null: a new one. */
  readonly profile: Profile | null;
  readonly close: () => void;
  /** Leaves one out of the list; null: none. */
  readonly hide: (id: string | null) => void;
}

export function ProfileDrawer({ opened, profile, close, hide }: Props) {
  const { t } = useLingui();
  return (
    <SideDrawer opened={opened} onClose={close} size="lg" title={profile ? profile.name : t`Add a profile`}>
      {opened && <Fields key={profile?.id} profile={profile} close={close} hide={hide} />}
    </SideDrawer>
  );
}

type Written = Omit<Profile, 'id' | 'edition'>;

/** Changes a profile that still is of this edition. */
function put(id: string, edition: number, body: Written) {
  const params = { path: { profile: id }, header: { 'if-match': `"${edition}"` } };
  return ask(api.PUT('/api/v1/profiles/{profile}', { params, body: bodyOf(body) }));
}

/** What is written of a profile. */
function bodyOf({ name, default: is, max_height, bit_rate_percent, max_frame_rate, audio_kbit }: Written) {
  return { name, default: is, max_height, bit_rate_percent, max_frame_rate, audio_kbit };
}

function Fields({ profile, close, hide }: Omit<Props, 'opened'>) {
  const { t } = useLingui();
  const client = useQueryClient();
  const problemText = useProblemText();
  const [form, setForm] = useState(() => (profile ? formOf(profile) : NEW_PROFILE));
  const set = (change: Partial<typeof form>) => setForm((old) => ({ ...old, ...change }));
  const refresh = () => client.invalidateQueries({ queryKey: profilesQuery.queryKey });
  const fix = t`Give a whole number.`;
  const numbers = numbersOf(form, fix);
  const takeBack = async (saved: Profile) => {
    try {
      if (profile) await put(saved.id, saved.edition, profile);
      done(<Trans>The change was taken back.</Trans>);
    } catch (error) {
      const problem = toApiError(error);
      failed(t`The change was not taken back. ${problemText(problem)} (${problem.code})`);
    }
    await refresh();
  };
  const sending = useSending(
    async () => {
      if (Array.isArray(numbers)) throw wrong(t`The profile cannot be like this.`, numbers);
      const body = { name: form.name, default: form.default, ...numbers };
      return profile ? put(profile.id, profile.edition, body) : ask(api.POST('/api/v1/profiles', { body }));
    },
    (saved) => {
      const name = saved.name;
      // What became the default cannot be taken back so: one has to be.
      const plain = profile !== null && profile.default === saved.default;
      if (plain) reversible(<Trans>{name} was changed.</Trans>, () => void takeBack(saved));
      else done(<Trans>{name} was saved.</Trans>);
      void refresh();
      close();
    },
    {
      '/name': t`Name`,
      '/max_height': t`Lines, at most`,
      '/bit_rate_percent': t`Bits, percent`,
      '/max_frame_rate': t`Pictures a second, at most`,
      '/audio_kbit': t`Sound, kbit/s`,
    },
  );
  const remove = () => {
    if (!profile) return;
    const { id, name, edition } = profile;
    const act = async () => {
      try {
        const params = { path: { profile: id }, header: { 'if-match': `"${edition}"` } };
        await ask(api.DELETE('/api/v1/profiles/{profile}', { params, keepalive: true }));
      } catch (error) {
        const problem = toApiError(error);
        failed(t`${name} was not deleted. ${problemText(problem)} (${problem.code})`);
      }
      await refresh();
      hide(null);
    };
    undoable({
      message: <Trans>{name} is being deleted.</Trans>,
      act: () => void act(),
      hide: () => hide(id),
      show: () => hide(null),
    });
    close();
  };
  const number = (name: 'max_height' | 'bit_rate_percent' | 'max_frame_rate' | 'audio_kbit', label: string, says: string) => (
    <TextInput
      flex="1 1 200px"
      label={label}
      description={says}
      inputMode="numeric"
      value={form[name]}
      onChange={(event) => set({ [name]: event.currentTarget.value })}
      error={sending.at(`/${name}`)}
    />
  );
  return (
    <form ref={sending.form} onSubmit={sending.submit} noValidate>
      <Stack>
        {sending.problem}
        <TextInput
          label={t`Name`}
          data-autofocus
          value={form.name}
          onChange={(event) => set({ name: event.currentTarget.value })}
          error={sending.at('/name')}
        />
        <Group align="flex-start">
          {number('max_height', t`Lines, at most`, t`240 to 1080; nothing is made taller than its source.`)}
          {number('bit_rate_percent', t`Bits, percent`, t`30 to 200, of what is usual for a size.`)}
        </Group>
        <Group align="flex-start">
          {number('max_frame_rate', t`Pictures a second, at most`, t`10 to 60; slides need few.`)}
          {number('audio_kbit', t`Sound, kbit/s`, t`48 to 256, of two channels.`)}
        </Group>
        <Switch
          label={t`The default`}
          description={profile?.default ? t`To choose another, make that one the default.` : undefined}
          checked={form.default}
          disabled={profile?.default}
          onChange={(event) => set({ default: event.currentTarget.checked })}
        />
        <Ladder numbers={Array.isArray(numbers) ? null : numbers} />
        <Group justify="space-between">
          {profile && !profile.default ? (
            <Button variant="subtle" color="red" leftSection={<IconTrash size={16} />} onClick={remove}>
              <Trans>Delete</Trans>
            </Button>
          ) : (
            <span />
          )}
          <Button type="submit" loading={sending.busy}>
            <Trans>Save</Trans>
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
