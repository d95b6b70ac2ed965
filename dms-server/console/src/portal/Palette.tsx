/** Ctrl/Cmd-K: the places, and videos by name or by what is said in them. */

import '@mantine/spotlight/styles.css';
import { useLingui } from '@lingui/react/macro';
import { useMantineColorScheme } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { Spotlight, spotlight } from '@mantine/spotlight';
import { IconArrowRight, IconKeyboard, IconMessage, IconMoon, IconMovie, IconSearch, IconSun } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { clock } from '~/parts/format';
import { PLACES } from './places';
import { searchQuery } from './queries';
import { watchAddress } from './rows';
import { SETTLE_MS } from './searching';

/** Most videos that are offered at once. */
const FOUND_MAX = 6;

/** `asked`: how often it was asked for; each time it opens. */
export default function Palette({ asked, showKeys }: { asked: number; showKeys: () => void }) {
  const { t, i18n } = useLingui();
  const navigate = useNavigate();
  const { setColorScheme } = useMantineColorScheme();
  const [query, setQuery] = useState('');
  const [settled] = useDebouncedValue(query.trim(), SETTLE_MS);
  const found = useQuery(searchQuery(settled));
  useEffect(() => spotlight.open(), [asked]);
  const items = settled === '' ? [] : (found.data?.items ?? []).slice(0, FOUND_MAX);
  const videos = items.map(({ title, lines: [line] }) => {
    const Symbol = line ? IconMessage : IconMovie;
    return {
      id: title.id,
      label: title.title,
      ...(line && { description: `${clock(line.at_ms)} ${line.text}` }),
      // The server searched: words that it found need not stand in the name.
      keywords: query,
      leftSection: <Symbol size={18} stroke={1.6} />,
      onClick: () => location.assign(watchAddress(title.id, line && line.at_ms / 1000)),
    };
  });
  const places = PLACES.filter(({ key }) => key !== undefined).map(({ path, title }) => ({
    id: path,
    label: i18n._(title),
    leftSection: <IconArrowRight size={18} stroke={1.6} />,
    onClick: () => void navigate({ to: path }),
  }));
  const acts = [
    { id: 'light', label: t`Light appearance`, icon: IconSun, onClick: () => setColorScheme('light') },
    { id: 'dark', label: t`Dark appearance`, icon: IconMoon, onClick: () => setColorScheme('dark') },
    { id: 'keys', label: t`Keyboard shortcuts`, icon: IconKeyboard, onClick: showKeys },
  ].map(({ icon: Symbol, ...act }) => ({ ...act, leftSection: <Symbol size={18} stroke={1.6} /> }));
  const groups = [
    { group: t`Videos`, actions: videos },
    { group: t`Pages`, actions: places },
    { group: t`Actions`, actions: acts },
  ];
  return (
    <Spotlight
      attributes={{ content: { 'aria-label': t`Search or go to` } }}
      actions={groups.filter(({ actions }) => actions.length > 0)}
      query={query}
      onQueryChange={setQuery}
      nothingFound={t`Nothing is called so`}
      shortcut={null}
      highlightQuery
      scrollable
      maxHeight={440}
      searchProps={{
        leftSection: <IconSearch size={18} />,
        placeholder: t`Videos, pages, actions`,
        'aria-label': t`Search or go to`,
      }}
    />
  );
}
