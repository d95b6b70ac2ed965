/** Ctrl/Cmd-K: every page, every title by its name, and what can be done from anywhere. */

import { useLingui } from '@lingui/react/macro';
import { useMantineColorScheme } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { Spotlight, type SpotlightActionGroupData } from '@mantine/spotlight';
import { IconKeyboard, IconMoon, IconMovie, IconSearch, IconSun, IconUpload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { findTitles } from '~/api/titles';
import { admits, useSession } from '~/session/session';
import { navigation, PAGES } from './page';

/** Most titles that are offered at once. */
const TITLES_MAX = 6;

export function Palette({ showKeys }: { showKeys: () => void }) {
  const { t, i18n } = useLingui();
  const navigate = useNavigate();
  const session = useSession();
  const { setColorScheme } = useMantineColorScheme();
  const [query, setQuery] = useState('');
  const [asked] = useDebouncedValue(query.trim(), 200);
  const titles = useQuery({
    queryKey: ['palette', asked],
    queryFn: () => findTitles(asked, TITLES_MAX),
    enabled: asked.length > 0,
  });
  const may = session?.may ?? [];
  const pages = navigation(PAGES, may).flatMap(({ path, title, nav, places = [] }) => {
    const Symbol = nav?.icon ?? IconSearch;
    const leftSection = <Symbol size={18} stroke={1.6} />;
    const own = { id: path, label: i18n._(title), leftSection, onClick: () => void navigate({ to: path }) };
    const within = places.filter((place) => admits(place.may, may)).map(({ search, title: part }) => ({
      id: `${path}?${new URLSearchParams(search)}`,
      label: `${i18n._(title)} › ${i18n._(part)}`,
      leftSection,
      onClick: () => void navigate({ to: path, search: () => search } as unknown as Parameters<typeof navigate>[0]),
    }));
    return [own, ...within];
  });
  const found = (asked === '' ? [] : (titles.data ?? [])).map(({ id, title }) => ({
    id: `title-${id}`,
    label: title,
    // The server searched: words that it found need not stand in the name.
    keywords: query,
    leftSection: <IconMovie size={18} stroke={1.6} />,
    onClick: () => void navigate({ to: `/titles/${id}` }),
  }));
  const acts = [
    ...(may.includes('publish')
      ? [{ id: 'upload', label: t`Upload a video`, icon: IconUpload, onClick: () => void navigate({ to: '/uploads' }) }]
      : []),
    { id: 'light', label: t`Light appearance`, icon: IconSun, onClick: () => setColorScheme('light') },
    { id: 'dark', label: t`Dark appearance`, icon: IconMoon, onClick: () => setColorScheme('dark') },
    { id: 'keys', label: t`Keyboard shortcuts`, icon: IconKeyboard, onClick: showKeys },
  ].map(({ icon: Symbol, ...act }) => ({ ...act, leftSection: <Symbol size={18} stroke={1.6} /> }));
  const groups: SpotlightActionGroupData[] = [
    { group: t`Titles`, actions: found },
    { group: t`Pages`, actions: pages },
    { group: t`Actions`, actions: acts },
  ];
  return (
    <Spotlight
      attributes={{ content: { 'aria-label': t`Search or go to` } }}
      actions={groups.filter(({ actions }) => actions.length > 0)}
      query={query}
      onQueryChange={setQuery}
      nothingFound={t`Nothing is called so`}
      shortcut={['mod + K']}
      highlightQuery
      scrollable
      maxHeight={440}
      searchProps={{
        leftSection: <IconSearch size={18} />,
        placeholder: t`Titles, pages, actions`,
        'aria-label': t`Search or go to`,
      }}
    />
  );
}
