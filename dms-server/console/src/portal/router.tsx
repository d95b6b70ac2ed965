/** The addresses: one route for each place. */

import { Notifications } from '@mantine/notifications';
import { createRootRoute, createRoute, createRouter, Outlet, useLocation } from '@tanstack/react-router';
import { lazy } from 'react';
import { NotFound } from '~/app/NotFound';
import { PageError } from '~/app/PageError';
import { Gate } from './Gate';
import { PLACES } from './places';

/** What is around the pages stays while they change: who types into the search goes on typing. */
function Root() {
  const { pathname } = useLocation();
  const place = PLACES.find(({ path }) => path === pathname);
  return (
    <>
      <Notifications position="bottom-right" limit={4} />
      {place ? (
        <Gate place={place}>
          <Outlet />
        </Gate>
      ) : (
        <Outlet />
      )}
    </>
  );
}

const root = createRootRoute({ component: Root, notFoundComponent: NotFound });

const routes = PLACES.map(({ path, load }) =>
  createRoute({ getParentRoute: () => root, path, component: lazy(load) }),
);

export const router = createRouter({
  routeTree: root.addChildren(routes),
  defaultErrorComponent: PageError,
  defaultPendingMs: 200,
  scrollRestoration: true,
});
