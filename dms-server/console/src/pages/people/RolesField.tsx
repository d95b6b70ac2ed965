/** Roles to be chosen. */

import { useLingui } from '@lingui/react/macro';
import { MultiSelect } from '@mantine/core';
import type { ReactNode } from 'react';
import { type Role, ROLE_NAMES } from '~/session/roles';

interface Props {
  readonly label: string;
  readonly description?: string;
  readonly value: readonly Role[];
  readonly change: (roles: Role[]) => void;
  readonly error?: ReactNode;
  readonly disabled?: boolean;
}

export function RolesField({ label, description, value, change, error, disabled = false }: Props) {
  const { i18n } = useLingui();
  return (
    <MultiSelect
      label={label}
      description={description}
      disabled={disabled}
      data={Object.entries(ROLE_NAMES).map(([role, name]) => ({ value: role, label: i18n._(name) }))}
      value={[...value]}
      onChange={(roles) => change(roles as Role[])}
      error={error}
    />
  );
}
