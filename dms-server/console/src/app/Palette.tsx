/** Ctrl/Cmd-K: every page, every title by its name, and what can be done from anywhere. */

import { useLingui } from '@lingui/react/macro';
import { useDebouncedValue } from '@mantine/hooks';
import { IconMovie, IconSearch, IconUpload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { findTitles } from '~/api/titles';
import { admits, useSession } from '~/session/session';
import { type Act, Finder, useActsOfAll } from './Finder';
import { navigation, PAGES } from './page';

/** Most titles that are offered at once. */
const TITLES_MAX = 6;

export function Palette({ showKeys }: { showKeys: () => void }) {
  const { t, i18n } = useLingui();
  const navigate = useNavigate();
  const session = useSession();
  const [query, setQuery] = useState('');
  const [asked] = useDebouncedValue(query.trim(), 200);
  const titles = useQuery({
    queryKey: ['palette', asked],
    queryFn: () => findTitles(asked, TITLES_MAX),
    enabled: asked.length > 0,
  });
  const may = session?.may ?? [];
  const pages = navigation(PAGES, may).flatMap(({ path, title, nav, places = [] }) => {
    const icon = nav?.icon ?? IconSearch;
    const own: Act = { id: path, label: i18n._(title), icon, onClick: () => void navigate({ to: path }) };
    const within = places.filter((place) => admits(place.may, may)).map(({ search, title: part }): Act => ({
      id: `${path}?${new URLSearchParams(search)}`,
      label: `${i18n._(title)} › ${i18n._(part)}`,
      icon,
      onClick: () => void navigate({ to: path, search: () => search } as unknown as Parameters<typeof navigate>[0]),
    }));
    return [own, ...within];
  });
  const found = (asked === '' ? [] : (titles.data ?? [])).map(({ id, title }) => ({
    id: `title-${id}`,
    label: title,
    // The server searched: words that it found need not stand in the name.
    keywords: query,
    icon: IconMovie,
    onClick: () => void navigate({ to: `/titles/${id}` }),
  }));
  const upload: Act = {
    id: 'upload',
    label: t`Upload a video`,
    icon: IconUpload,
    onClick: () => void navigate({ to: '/uploads' }),
  };
  const acts = [...(may.includes('publish') ? [upload] : []), ...useActsOfAll(showKeys)];
  return (
    <Finder
      groups={[
        { group: t`Titles`, acts: found },
        { group: t`Pages`, acts: pages },
        { group: t`Actions`, acts },
      ]}
      query={query}
      setQuery={setQuery}
      placeholder={t`Titles, pages, actions`}
      shortcut={['mod + K']}
    />
  );
}
