/** Ctrl/Cmd-K: the places, and videos by name or by what is said in them. */

import '@mantine/spotlight/styles.css';
import { useLingui } from '@lingui/react/macro';
import { useDebouncedValue } from '@mantine/hooks';
import { spotlight } from '@mantine/spotlight';
import { IconArrowRight, IconMessage, IconMovie } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { Finder, useActsOfAll } from '~/app/Finder';
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
  const [query, setQuery] = useState('');
  const [settled] = useDebouncedValue(query.trim(), SETTLE_MS);
  const found = useQuery(searchQuery(settled));
  useEffect(() => spotlight.open(), [asked]);
  const items = settled === '' ? [] : (found.data?.items ?? []).slice(0, FOUND_MAX);
  const videos = items.map(({ title, lines: [line] }) => ({
    id: title.id,
    label: title.title,
    description: line && `${clock(line.at_ms)} ${line.text}`,
    // The server searched: words that it found need not stand in the name.
    keywords: query,
    icon: line ? IconMessage : IconMovie,
    onClick: () => location.assign(watchAddress(title.id, line && line.at_ms / 1000)),
  }));
  const places = PLACES.filter(({ key }) => key !== undefined).map(({ path, title }) => ({
    id: path,
    label: i18n._(title),
    icon: IconArrowRight,
    onClick: () => void navigate({ to: path }),
  }));
  return (
    <Finder
      groups={[
        { group: t`Videos`, acts: videos },
        { group: t`Pages`, acts: places },
        { group: t`Actions`, acts: useActsOfAll(showKeys) },
      ]}
      query={query}
      setQuery={setQuery}
      placeholder={t`Videos, pages, actions`}
      shortcut={null}
    />
  );
}
