/** With which profile the next files are transcoded. */

import { useLingui } from '@lingui/react/macro';
import { NativeSelect } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { profilesQuery } from '~/api/profiles';
import { uploads } from '~/uploads';

export function ProfileField() {
  const { t } = useLingui();
  const profiles = useQuery(profilesQuery);
  const [chosen, setChosen] = useState(uploads.profile ?? '');
  const items = profiles.data?.items ?? [];
  // Without the list everything is made with the default, as without this field.
  if (items.length < 2) return null;
  const usual = items.find(({ default: is }) => is)?.name ?? '';
  const choose = (id: string) => {
    setChosen(id);
    uploads.profile = id === '' ? null : id;
  };
  return (
    <NativeSelect
      maw={360}
      label={t`Transcode profile`}
      description={t`For files chosen from now on.`}
      value={items.some(({ id }) => id === chosen) ? chosen : ''}
      onChange={(event) => choose(event.currentTarget.value)}
      data={[
        { value: '', label: t`The default (${usual})` },
        ...items.filter(({ default: is }) => !is).map(({ id, name }) => ({ value: id, label: name })),
      ]}
    />
  );
}
