/** Who is signed in, and what is theirs. */

import { Trans } from '@lingui/react/macro';
import { Menu } from '@mantine/core';
import { IconBookmark, IconSettings } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { Whose } from '~/app/Whose';
import { useSession } from '~/session/session';

export function Who({ showKeys }: { showKeys: () => void }) {
  const navigate = useNavigate();
  const session = useSession();
  if (!session) return null;
  return (
    <Whose name={session.subject} below={session.tenant} showKeys={showKeys}>
      <Menu.Item leftSection={<IconBookmark size={16} />} onClick={() => void navigate({ to: '/my' })}>
        <Trans>My page</Trans>
      </Menu.Item>
      <Menu.Item leftSection={<IconSettings size={16} />} onClick={() => void navigate({ to: '/settings' })}>
        <Trans>Settings</Trans>
      </Menu.Item>
    </Whose>
  );
}
