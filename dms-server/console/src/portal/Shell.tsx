/** What is around every page of the portal: its places, the search, and the person. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Link, useLocation } from '@tanstack/react-router';
import { lazy, type ReactNode, Suspense, useCallback, useState } from 'react';
import { Brand, ORGANISATION } from '~/app/Brand';
import { useSession } from '~/session/session';
import { useKeys } from './keys';
import { PLACES } from './places';
import { SearchField } from './SearchField';
import classes from './Shell.module.css';
import { Who } from './Who';

const Palette = lazy(() => import('./Palette'));
const Keys = lazy(() => import('./Keys'));

export function Shell({ children }: { children: ReactNode }) {
  const { t, i18n } = useLingui();
  const { pathname } = useLocation();
  const session = useSession();
  // Each is loaded when it is first asked for; the number says how often it was.
  const [palette, setPalette] = useState(0);
  const [sheet, setSheet] = useState(false);
  const search = useCallback(() => document.querySelector<HTMLInputElement>('[data-page-search]')?.focus(), []);
  const openPalette = useCallback(() => setPalette((times) => times + 1), []);
  const openSheet = useCallback(() => setSheet(true), []);
  useKeys({ search, keys: openSheet, palette: openPalette });
  const places = PLACES.filter(({ key, path }) => key !== undefined && path !== '/settings');
  return (
    <>
      <a className="skip-link" href="#content">
        <Trans>Skip to the content</Trans>
      </a>
      <header className={classes.header}>
        <div className={classes.bar}>
          <Link to="/" className={classes.brand} aria-label={t`${ORGANISATION}, to Home`}>
            <Brand />
          </Link>
          <nav aria-label={t`Main`} className={classes.places}>
            {places.map(({ path, title }) => (
              <Link key={path} to={path} aria-current={pathname === path ? 'page' : undefined}>
                {i18n._(title)}
              </Link>
            ))}
          </nav>
          <SearchField />
          <div className={classes.end}>
            {session?.may.some((may) => may !== 'watch') && (
              <a href="/console/" className={classes.console}>
                <Trans>Console</Trans>
              </a>
            )}
            <Who showKeys={openSheet} />
          </div>
        </div>
      </header>
      <main id="content" tabIndex={-1} className={classes.main}>
        {children}
      </main>
      <Suspense fallback={null}>
        {palette > 0 && <Palette asked={palette} showKeys={openSheet} />}
        {sheet && <Keys close={() => setSheet(false)} />}
      </Suspense>
    </>
  );
}
