/** Ctrl/Cmd-K: what a page's palette is, whatever it finds. */

import { useLingui } from '@lingui/react/macro';
import { useMantineColorScheme } from '@mantine/core';
import { Spotlight, type SpotlightActionData } from '@mantine/spotlight';
import { IconKeyboard, IconMoon, IconSearch, IconSun, type Icon } from '@tabler/icons-react';

/** Something that can be done or gone to. */
export interface Act {
  readonly id: string;
  readonly label: string;
  readonly icon: Icon;
  readonly description?: string | undefined;
  /** What it is found by beside its label; the query itself where the server has searched. */
  readonly keywords?: string;
  readonly onClick: () => void;
}

interface Props {
  /** Acts under their headings; those without any are left out. */
  readonly groups: readonly { readonly group: string; readonly acts: readonly Act[] }[];
  readonly query: string;
  readonly setQuery: (query: string) => void;
  readonly placeholder: string;
  /** Null: the page listens itself. */
  readonly shortcut: string[] | null;
}

export function Finder({ groups, query, setQuery, placeholder, shortcut }: Props) {
  const { t } = useLingui();
  const drawn = ({ icon: Symbol, description, ...act }: Act): SpotlightActionData => ({
    ...act,
    ...(description !== undefined && { description }),
    leftSection: <Symbol size={18} stroke={1.6} />,
  });
  return (
    <Spotlight
      attributes={{ content: { 'aria-label': t`Search or go to` } }}
      actions={groups
        .filter(({ acts }) => acts.length > 0)
        .map(({ group, acts }) => ({ group, actions: acts.map(drawn) }))}
      query={query}
      onQueryChange={setQuery}
      nothingFound={t`Nothing is called so`}
      shortcut={shortcut}
      highlightQuery
      scrollable
      maxHeight={440}
      searchProps={{
        leftSection: <IconSearch size={18} />,
        placeholder,
        'aria-label': t`Search or go to`,
      }}
    />
  );
}

/** What can be done from anywhere. */
export function useActsOfAll(showKeys: () => void): readonly Act[] {
  const { t } = useLingui();
  const { setColorScheme } = useMantineColorScheme();
  return [
    { id: 'light', label: t`Light appearance`, icon: IconSun, onClick: () => setColorScheme('light') },
    { id: 'dark', label: t`Dark appearance`, icon: IconMoon, onClick: () => setColorScheme('dark') },
    { id: 'keys', label: t`Keyboard shortcuts`, icon: IconKeyboard, onClick: showKeys },
  ];
}
