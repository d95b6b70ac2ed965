/** What was done with a title, from the audit log. */

import { Trans, useLingui } from '@lingui/react/macro';
import { IconHistory, IconLock } from '@tabler/icons-react';
import type { Title } from '~/api/titles';
import { EmptyState } from '~/parts/EmptyState';
import { useRolesThatMay } from '~/session/roles';
import { useMay } from '~/session/session';
import { AuditTable } from '../audit/AuditTable';

export function Activity({ title }: { title: Title }) {
  const { t } = useLingui();
  const roles = useRolesThatMay('audit').join(', ');
  if (!useMay('audit')) {
    return (
      <EmptyState icon={IconLock} title={t`The log is not for your role`}>
        <Trans>Who changed and deleted what is shown to these roles: {roles}.</Trans>
      </EmptyState>
    );
  }
  const empty = (
    <EmptyState icon={IconHistory} title={t`Nothing was done with it yet`}>
      <Trans>Its upload, its policies and licences, and who changed them are listed here.</Trans>
    </EmptyState>
  );
  return <AuditTable filter={{ object: title.id }} empty={empty} withObject={false} />;
}
