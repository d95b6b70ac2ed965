/** The roles of a token. */

import { useLingui } from '@lingui/react/macro';
import { MultiSelect } from '@mantine/core';
import type { ReactNode } from 'react';
import { type Role, ROLE_NAMES } from '~/session/roles';

interface Props {
  readonly value: readonly Role[];
  readonly change: (roles: Role[]) => void;
  readonly error: ReactNode;
}

export function RolesSelect({ value, change, error }: Props) {
  const { t, i18n } = useLingui();
  return (
    <MultiSelect
      flex="2 1 200px"
      label={t`Roles`}
      data={Object.entries(ROLE_NAMES).map(([role, name]) => ({ value: role, label: i18n._(name) }))}
      value={[...value]}
      onChange={(roles) => change(roles as Role[])}
      error={error}
    />
  );
}
