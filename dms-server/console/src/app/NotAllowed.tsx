/** A page that this person may not see, and who may. */

import { Trans } from '@lingui/react/macro';
import { useLingui } from '@lingui/react/macro';
import { IconLock } from '@tabler/icons-react';
import { EmptyState } from '~/parts/EmptyState';
import type { Permission } from '~/session/session';
import { useRolesThatMay } from '~/session/roles';

export function NotAllowed({ needs }: { needs: Permission | undefined }) {
  const { t } = useLingui();
  const roles = useRolesThatMay(needs).join(', ');
  return (
    <EmptyState whole icon={IconLock} title={t`You may not see this page`}>
      <Trans>It is for these roles: {roles}. An owner or an IT administrator gives roles to people.</Trans>
    </EmptyState>
  );
}
