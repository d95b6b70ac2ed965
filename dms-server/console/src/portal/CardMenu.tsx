/** What somebody can do with a video without opening it. What they did is asked for when the menu opens. */

import { Trans, useLingui } from '@lingui/react/macro';
import { ActionIcon, Menu } from '@mantine/core';
import { IconBookmark, IconBookmarkOff, IconDots, IconEyeOff, IconLink, IconThumbDown, IconThumbUp } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Title } from '~/api/titles';
import { done } from '~/parts/toast';
import { useSession } from '~/session/session';
import { useActs } from './acts';
import classes from './Card.module.css';
import { mineQuery } from './queries';
import { watchAddress } from './rows';

/** Where menus are drawn: out of the row, which would cut them off, and within a landmark. */
const PLACE = { target: '#content' };

interface Props {
  readonly title: Title;
  readonly goesOn?: boolean;
  readonly tabIndex?: number;
}

export function CardMenu({ title, goesOn = false, tabIndex = 0 }: Props) {
  const { t } = useLingui();
  const [opened, setOpened] = useState(false);
  const person = useSession()?.person ?? null;
  const mine = useQuery({ ...mineQuery(title.id), enabled: opened && person !== null }).data;
  const acts = useActs(title);
  const name = title.title;
  const copy = async () => {
    await navigator.clipboard.writeText(new URL(watchAddress(title.id), location.href).href);
    done(t`The link is copied.`);
  };
  return (
    <Menu opened={opened} onChange={setOpened} width={250} withInitialFocusPlaceholder={false} portalProps={PLACE}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" className={classes.menu} tabIndex={tabIndex} aria-label={t`What to do with ${name}`}>
          <IconDots size={18} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown aria-label={t`What to do with ${name}`}>
        {person !== null && (
          <>
            {mine?.saved ? (
              <Menu.Item leftSection={<IconBookmarkOff size={16} />} onClick={() => acts.save(false)}>
                <Trans>Take from my list</Trans>
              </Menu.Item>
            ) : (
              <Menu.Item leftSection={<IconBookmark size={16} />} onClick={() => acts.save(true)}>
                <Trans>Save to my list</Trans>
              </Menu.Item>
            )}
            <Menu.CheckboxItem checked={mine?.rating === 1} rightSection={<IconThumbUp size={16} />} onChange={(on) => acts.rate(on ? 1 : null)}>
              <Trans>I like it</Trans>
            </Menu.CheckboxItem>
            <Menu.CheckboxItem
              checked={mine?.rating === -1}
              rightSection={<IconThumbDown size={16} />}
              onChange={(on) => acts.rate(on ? -1 : null)}
            >
              <Trans>It is nothing for me</Trans>
            </Menu.CheckboxItem>
            {goesOn && (
              <Menu.Item leftSection={<IconEyeOff size={16} />} onClick={() => acts.forget()}>
                <Trans>Take from “Continue watching”</Trans>
              </Menu.Item>
            )}
            <Menu.Divider />
          </>
        )}
        <Menu.Item leftSection={<IconLink size={16} />} onClick={() => void copy()}>
          <Trans>Copy the link</Trans>
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
