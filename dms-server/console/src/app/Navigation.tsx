/** The pages that this person may see, in groups. */

import type { MessageDescriptor } from '@lingui/core';
import { msg } from '@lingui/core/macro';
import { useLingui } from '@lingui/react/macro';
import { Link, useLocation } from '@tanstack/react-router';
import { useSession } from '~/session/session';
import classes from './Navigation.module.css';
import { GROUPS, navigation, PAGES } from './page';

const GROUP_NAMES: Readonly<Record<(typeof GROUPS)[number], MessageDescriptor>> = {
  content: msg`Content`,
  network: msg`Network`,
  system: msg`System`,
};

export function Navigation() {
  const { t, i18n } = useLingui();
  const session = useSession();
  const pathname = useLocation().pathname;
  const pages = navigation(PAGES, session?.may ?? []);
  return (
    <nav aria-label={t`Main`}>
      {GROUPS.map((group) => {
        const within = pages.filter(({ nav }) => nav?.group === group);
        if (within.length === 0) return null;
        return (
          <section key={group} className={classes.group} aria-label={i18n._(GROUP_NAMES[group])}>
            <p className={classes.name} aria-hidden>
              {i18n._(GROUP_NAMES[group])}
            </p>
            <ul className={classes.list}>
              {within.map(({ path, title, nav }) => {
                const Symbol = nav?.icon;
                const here = path === '/' ? pathname === '/' : pathname === path || pathname.startsWith(`${path}/`);
                return (
                  <li key={path}>
                    <Link to={path} className={classes.link} aria-current={here ? 'page' : undefined}>
                      {Symbol && <Symbol size={18} stroke={1.6} aria-hidden />}
                      {i18n._(title)}
                    </Link>
                  </li>
                );
              })}
            </ul>
          </section>
        );
      })}
    </nav>
  );
}
