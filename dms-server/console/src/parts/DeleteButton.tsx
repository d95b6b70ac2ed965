/** What deletes the thing of a form. */

import { Trans } from '@lingui/react/macro';
import { Button } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';

export function DeleteButton({ act }: { act: () => void }) {
  return (
    <Button variant="subtle" color="red" leftSection={<IconTrash size={16} />} onClick={act}>
      <Trans>Delete</Trans>
    </Button>
  );
}
