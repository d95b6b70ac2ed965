/** What needs attention, what is going on, and how it is. */

import { useLingui } from '@lingui/react/macro';
import { PageHeader } from '~/parts/PageHeader';

export default function Home() {
  const { t } = useLingui();
  return <PageHeader title={t`Home`} />;
}
