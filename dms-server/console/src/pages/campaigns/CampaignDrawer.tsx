/** A campaign to be made: a title, the sites, how many copies, by when. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, Group, MultiSelect, Select, Stack, Switch, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { api, ask, toApiError } from '~/api/client';
import { sitesQuery } from '~/api/sites';
import { findTitles } from '~/api/titles';
import { FormProblem } from '~/parts/FormProblem';
import { useSending, wrong } from '~/parts/sending';
import { SideDrawer } from '~/parts/SideDrawer';
import { done } from '~/parts/toast';
import { campaignBody, USUAL } from './campaign-form';

/** Most titles that are offered. */
const TITLES_MAX = 500;

interface Props {
  readonly opened: boolean;
  /** The title that is chosen at first. */
  readonly title: string;
  readonly close: () => void;
}

export function CampaignDrawer({ opened, title, close }: Props) {
  const { t } = useLingui();
  return (
    <SideDrawer
      opened={opened}
      onClose={close}
      title={t`New campaign`}
    >
      {opened && <Fields title={title} close={close} />}
    </SideDrawer>
  );
}

function Fields({ title, close }: { title: string; close: () => void }) {
  const { t, i18n } = useLingui();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [form, setForm] = useState({ ...USUAL, title });
  const set = (change: Partial<typeof form>) => setForm((old) => ({ ...old, ...change }));
  const titles = useQuery({ queryKey: ['titles', 'to-hold'], queryFn: () => findTitles('', TITLES_MAX) });
  const sites = useQuery(sitesQuery);
  const sending = useSending(
    async () => {
      const read = campaignBody(form, (text) => i18n._(text));
      if ('wrong' in read) throw wrong(t`The campaign cannot be made like this.`, read.wrong);
      return ask(api.POST('/api/v1/campaigns', { body: read.body }));
    },
    ({ id, title_name: name }) => {
      void client.invalidateQueries({ queryKey: ['campaigns'] });
      done(<Trans>The campaign for {name} was made.</Trans>);
      close();
      void navigate({ to: `/campaigns/${id}` });
    },
    {
      '/title': t`Title`,
      '/sites': t`Sites`,
      '/replicas': t`Copies at each site`,
      '/not_before_ms': t`Begin`,
      '/deadline_ms': t`Deadline`,
      '/until_ms': t`End`,
    },
  );
  const time = (name: 'begin' | 'deadline' | 'until', label: string, description: string, pointer: string) => (
    <TextInput
      type="datetime-local"
      label={label}
      description={description}
      value={form[name]}
      onChange={(event) => set({ [name]: event.currentTarget.value })}
      error={sending.at(pointer)}
    />
  );
  const offered = titles.data?.filter(({ state }) => state === 'complete') ?? [];
  const failure = titles.error ?? sites.error;
  return (
    <form ref={sending.form} onSubmit={sending.submit} noValidate>
      <Stack>
        {sending.problem}
        {failure && <FormProblem error={toApiError(failure)} title={t`This could not be loaded`} />}
        <Select
          label={t`Title`}
          data-autofocus
          openOnFocus={false}
          searchable
          nothingFoundMessage={titles.isPending ? t`Loading…` : t`No published title is called like this`}
          data={offered.map(({ id, title: name }) => ({ value: id, label: name }))}
          value={form.title || null}
          onChange={(next) => set({ title: next ?? '' })}
          error={sending.at('/title')}
        />
        <Switch
          label={t`Every site, also those to come`}
          checked={form.everywhere}
          onChange={(event) => set({ everywhere: event.currentTarget.checked })}
        />
        {!form.everywhere && (
          <MultiSelect
            label={t`Sites`}
            searchable
            data={sites.data?.items.map(({ id, name }) => ({ value: id, label: name })) ?? []}
            value={[...form.sites]}
            onChange={(next) => set({ sites: next })}
            error={sending.at('/sites')}
          />
        )}
        <TextInput
          label={t`Copies at each site`}
          description={t`1 to 8. With two, one PC may be off.`}
          inputMode="numeric"
          value={form.copies}
          onChange={(event) => set({ copies: event.currentTarget.value })}
          error={sending.at('/replicas')}
        />
        {time('begin', t`Begin`, t`Empty: now. Your local time.`, '/not_before_ms')}
        {time('deadline', t`Deadline`, t`When it should be there. Empty: whenever.`, '/deadline_ms')}
        {time('until', t`End`, t`When PCs may let go. Empty: when somebody ends it.`, '/until_ms')}
        <Group justify="flex-end" gap="xs" mt="xs">
          <Button variant="default" onClick={close}>
            <Trans>Cancel</Trans>
          </Button>
          <Button type="submit" loading={sending.busy}>
            <Trans>Make it</Trans>
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
