/** What is around every page: navigation, search, running work, and the person's menu. */

import { Trans, useLingui } from '@lingui/react/macro';
import { AppShell, Burger, Button, Group, Kbd, ScrollArea } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { spotlight } from '@mantine/spotlight';
import { IconSearch } from '@tabler/icons-react';
import { Link, useLocation } from '@tanstack/react-router';
import { type ReactNode, useEffect } from 'react';
import { DropAnywhere } from '~/uploads/DropAnywhere';
import { JobTray } from '~/uploads/JobTray';
import { Brand, ORGANISATION } from './Brand';
import { KeySheet } from './KeySheet';
import { useGlobalKeys } from './keys';
import { Navigation } from './Navigation';
import { Palette } from './Palette';
import { PersonMenu } from './PersonMenu';
import classes from './Shell.module.css';

const IS_MAC = /Mac|iP(hone|ad)/.test(navigator.userAgent);

export function Shell({ children }: { children: ReactNode }) {
  const { t } = useLingui();
  const [opened, menu] = useDisclosure();
  const [sheet, keys] = useDisclosure();
  const { pathname } = useLocation();
  useGlobalKeys(keys.toggle);
  // On a phone the navigation covers the page it led to.
  useEffect(menu.close, [pathname]);
  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 232, breakpoint: 'md', collapsed: { mobile: !opened } }}
      padding={0}
      layout="alt"
      classNames={{ main: classes.main, navbar: classes.navbar, header: classes.header }}
    >
      <a className="skip-link" href="#content">
        <Trans>Skip to the content</Trans>
      </a>
      <AppShell.Header>
        <Group h="100%" px="lg" justify="space-between" wrap="nowrap">
          <Group wrap="nowrap">
            <Burger
              opened={opened}
              onClick={menu.toggle}
              hiddenFrom="md"
              size="sm"
              aria-label={t`Navigation`}
              aria-expanded={opened}
            />
            <Button
              variant="default"
              className={classes.search}
              leftSection={<IconSearch size={16} />}
              rightSection={<Kbd size="xs">{IS_MAC ? '⌘' : 'Ctrl'} K</Kbd>}
              onClick={spotlight.open}
            >
              <Trans>Search or go to</Trans>
            </Button>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <JobTray />
            <PersonMenu showKeys={keys.open} />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar>
        <Group h={56} px="lg" justify="space-between">
          <Link to="/" className={classes.brand} aria-label={t`${ORGANISATION}, to Home`}>
            <Brand />
          </Link>
          <Burger opened onClick={menu.close} hiddenFrom="md" size="sm" aria-label={t`Close the navigation`} />
        </Group>
        <ScrollArea flex={1} px="sm" pb="md">
          <Navigation />
        </ScrollArea>
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1}>
        <div className={classes.page}>{children}</div>
      </AppShell.Main>
      <Palette showKeys={keys.open} />
      <KeySheet opened={sheet} close={keys.close} />
      <DropAnywhere />
    </AppShell>
  );
}
