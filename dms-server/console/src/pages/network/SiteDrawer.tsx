/** A site to be made, changed or deleted. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Radio, Stack, Textarea, TextInput } from '@mantine/core';
import { useState } from 'react';
import { api, toApiError } from '~/api/client';
import type { FieldProblem } from '~/api/problem';
import { askChange, type Site } from '~/api/sites';
import { DeleteButton } from '~/parts/DeleteButton';
import { DrawerActions } from '~/parts/DrawerActions';
import { useProblemText } from '~/parts/problem-text';
import { useSending, wrong } from '~/parts/sending';
import { SideDrawer } from '~/parts/SideDrawer';
import { failed } from '~/parts/toast';
import { useMay } from '~/session/session';
import { bodyOf, formOf, NO_SITE, RATE_FIX, subnetsOf } from './site-form';
import { PEERING } from './texts';
import { useSiteUndo } from './undo';
import { WanHours } from './WanHours';

interface Props {
  readonly opened: boolean;
  /** Null: a new one. */
  readonly site: Site | null;
  readonly close: () => void;
}

export function SiteDrawer({ opened, site, close }: Props) {
  const { t } = useLingui();
  return (
    <SideDrawer
      opened={opened}
      onClose={close}
      title={site ? site.name : t`Add a site`}
    >
      {opened && <SiteFields site={site} close={close} />}
    </SideDrawer>
  );
}

function SiteFields({ site, close }: { site: Site | null; close: () => void }) {
  const { t, i18n } = useLingui();
  const mayChange = useMay('network');
  const { tell } = useSiteUndo();
  const problemText = useProblemText();
  const [form, setForm] = useState(() => (site ? formOf(site) : NO_SITE));
  const set = (change: Partial<typeof form>) => setForm((old) => ({ ...old, ...change }));
  const send = () => {
    const body = bodyOf(form);
    if (typeof body === 'string') {
      const field = { pointer: body, code: 'range', fix: i18n._(RATE_FIX) };
      throw wrong(t`The WAN cap is no rate.`, [field]);
    }
    return askChange(
      site
        ? api.PUT('/api/v1/sites/{site}', { params: { path: { site: site.id } }, body })
        : api.POST('/api/v1/sites', { body }),
    );
  };
  const subnets = subnetsOf(form.subnets);
  const which = ({ pointer }: FieldProblem) => {
    const window = /^\/wan_hours\/windows\/(\d+)/.exec(pointer)?.[1];
    if (window !== undefined) {
      const number = Number(window) + 1;
      return t`Hours ${number}`;
    }
    const index = /^\/subnets\/(\d+)$/.exec(pointer)?.[1];
    return index === undefined ? null : (subnets[Number(index)] ?? null);
  };
  const sending = useSending(
    async () => send(),
    ({ data, change }) => {
      const name = data?.name ?? form.name;
      tell(site ? <Trans>{name} was changed.</Trans> : <Trans>{name} was added.</Trans>, change);
      close();
    },
    { '/name': t`Name`, '/subnets': t`Subnets`, '/wan_cap_bytes_per_second': t`WAN cap`, '/wan_hours': t`WAN hours`, '/peering': t`Peering` },
    which,
  );
  const remove = async () => {
    if (!site) return;
    const { name } = site;
    try {
      const params = { path: { site: site.id } };
      const { change } = await askChange(api.DELETE('/api/v1/sites/{site}', { params }));
      tell(<Trans>{name} was deleted.</Trans>, change);
      close();
    } catch (error) {
      const problem = toApiError(error);
      failed(t`${name} was not deleted. ${problemText(problem)} (${problem.code})`);
    }
  };
  return (
    <form ref={sending.form} onSubmit={sending.submit} noValidate>
      <Stack>
        {sending.problem}
        <TextInput
          label={t`Name`}
          data-autofocus
          readOnly={!mayChange}
          value={form.name}
          onChange={(event) => set({ name: event.currentTarget.value })}
          error={sending.at('/name')}
        />
        <Textarea
          label={t`Subnets`}
          description={t`One a line, such as 10.20.0.0/16 or fd00:20::/32. The longest prefix wins.`}
          autosize
          minRows={3}
          maxRows={14}
          spellCheck={false}
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
          readOnly={!mayChange}
          value={form.subnets}
          onChange={(event) => set({ subnets: event.currentTarget.value })}
          error={sending.at('/subnets')}
        />
        <Radio.Group
          label={t`Peering`}
          value={form.peering}
          onChange={(peering) => set({ peering })}
          error={sending.at('/peering')}
        >
          <Stack gap="xs" mt={6}>
            {Object.entries(PEERING).map(([value, { name, means }]) => (
              <Radio
                key={value}
                value={value}
                label={i18n._(name)}
                description={i18n._(means)}
                disabled={!mayChange}
              />
            ))}
          </Stack>
        </Radio.Group>
        <TextInput
          label={t`WAN cap, Mbit/s`}
          description={t`What all peers of the site together may take from the origin. Empty: no cap.`}
          inputMode="decimal"
          readOnly={!mayChange}
          value={form.mbit}
          onChange={(event) => set({ mbit: event.currentTarget.value })}
          error={sending.at('/wan_cap_bytes_per_second')}
        />
        <WanHours
          hours={form.hours}
          mbit={form.mbit}
          readOnly={!mayChange}
          error={sending.at('/wan_hours')}
          change={(hours) => set({ hours })}
        />
        {mayChange && (
          <DrawerActions
            away={site && <DeleteButton act={() => void remove()} />}
            busy={sending.busy}
            close={close}
          />
        )}
      </Stack>
    </form>
  );
}
