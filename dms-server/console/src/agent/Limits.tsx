/** Caps within the company's limits. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, Group, NumberInput, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Loading } from '~/parts/Loading';
import { Notice } from '~/parts/Notice';
import { Panel } from '~/parts/Panel';
import { State } from '~/parts/State';
import { agent, type Cap } from './api';
import { Failed } from './Failed';
import classes from './Page.module.css';
import { caps, queries, status } from './queries';

/** Bits of a megabit, in bytes. */
const MBIT = 125_000;
const GB = 1_000_000_000;

export function Limits({ used }: { used: number }) {
  const { t } = useLingui();
  const { data, error } = useQuery(caps);
  return (
    <Panel title={t`Limits`}>
      {error ? (
        <Failed error={error} />
      ) : !data ? (
        <Loading rows={1} height={90} />
      ) : (
        <div className={classes.fields}>
          <Field what="upload" label={t`Upload to colleagues`} unit={MBIT} suffix={t`Mbit/s`} cap={data.upload} />
          <Field what="disk" label={t`Disk`} unit={GB} suffix={t`GB`} cap={data.disk} used={used} />
        </div>
      )}
    </Panel>
  );
}

interface FieldProps {
  readonly what: 'upload' | 'disk';
  readonly label: string;
  /** Bytes of one of what is shown. */
  readonly unit: number;
  readonly suffix: string;
  readonly cap: Cap;
  readonly used?: number;
}

function Field({ what, label, unit, suffix, cap, used = 0 }: FieldProps) {
  const { t, i18n } = useLingui();
  const shown = (bytes: number | null) => (bytes === null ? '' : Math.round((bytes / unit) * 10) / 10);
  const number = (bytes: number | null) => {
    const value = new Intl.NumberFormat(i18n.locale, { maximumFractionDigits: 1 }).format((bytes ?? 0) / unit);
    return `${value} ${suffix}`;
  };
  const [typed, setTyped] = useState<string | number>(shown(cap.value));
  const choose = useMutation({
    mutationFn: (value: number | null) => agent.choose({ [what]: value }),
    onSuccess: (answer) => {
      queries.setQueryData(caps.queryKey, answer);
      setTyped(shown(answer[what].value));
      return queries.invalidateQueries(status);
    },
  });
  const snapped = choose.data?.[what].snapped ?? cap.snapped;
  const limit = number(cap.limit);
  const least = number(cap.least);
  const holds = number(cap.value);
  if (cap.locked) {
    return (
      <div data-cap={what}>
        <Text fw={500} size="sm">
          {label}
        </Text>
        <Text size="xl" fw={600} my={2}>
          {cap.value === null ? t`No limit` : holds}
        </Text>
        <State tone="quiet">
          <Trans>Set by your IT</Trans>
        </State>
      </div>
    );
  }
  const wish = typed === '' ? null : Math.max(0, Math.round(Number(typed) * unit));
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        choose.mutate(wish);
      }}
    >
      <NumberInput
        label={label}
        description={
          cap.limit === null
            ? t`At least ${least}. Your company sets no limit; empty is as fast as the network.`
            : t`From ${least} to ${limit}, which is what your company allows.`
        }
        value={typed}
        onChange={setTyped}
        min={0}
        max={1e9}
        clampBehavior="strict"
        allowNegative={false}
        decimalScale={1}
        step={1}
        suffix={` ${suffix}`}
        placeholder={t`No limit`}
        data-cap={what}
      />
      <Group mt="xs" gap="xs">
        <Button type="submit" variant="default" size="xs" loading={choose.isPending}>
          <Trans>Set</Trans>
        </Button>
        {cap.value !== cap.limit && (
          <Button variant="subtle" size="xs" onClick={() => choose.mutate(null)}>
            <Trans>As my company allows</Trans>
          </Button>
        )}
      </Group>
      <div aria-live="polite" data-snapped={snapped ?? 'no'}>
        {snapped === 'above_limit' && (
          <Text size="sm" mt="xs">
            <Trans>Your company allows {limit} at most, so {holds} holds.</Trans>
          </Text>
        )}
        {snapped === 'below_least' && (
          <Text size="sm" mt="xs">
            <Trans>Below {least} it would not work, so {holds} holds. To give nothing, pause.</Trans>
          </Text>
        )}
        {choose.isSuccess && !snapped && (
          <Text size="sm" mt="xs">
            {choose.data[what].value === null ? t`No limit holds.` : t`${holds} holds now.`}
          </Text>
        )}
      </div>
      {what === 'disk' && cap.value !== null && used > cap.value && (
        <Notice kind="info">
          <Trans>More than that is stored: what is kept or needed by the office stays.</Trans>
        </Notice>
      )}
      <Failed error={choose.error} />
    </form>
  );
}
