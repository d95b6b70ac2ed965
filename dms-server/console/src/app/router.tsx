/** The addresses: one route for each page that is registered. */

import { Notifications } from '@mantine/notifications';
import { createRootRoute, createRoute, createRouter, Outlet } from '@tanstack/react-router';
import { lazy } from 'react';
import { PageGate } from './PageGate';
import { PAGES } from './page';
import { NotFound } from './NotFound';
import { PageError } from './PageError';

/** Every page, with the messages in the corner: their links need the router, too. */
function Root() {
  return (
    <>
      <Notifications position="bottom-right" limit={4} />
      <Outlet />
    </>
  );
}

const root = createRootRoute({ component: Root, notFoundComponent: NotFound });

const routes = PAGES.map((page) => {
  const Content = lazy(page.load);
  return createRoute({
    getParentRoute: () => root,
    path: page.path,
    component: () => (
      <PageGate page={page}>
        <Content />
      </PageGate>
    ),
  });
});

export const router = createRouter({
  routeTree: root.addChildren(routes),
  basepath: '/console',
  defaultErrorComponent: PageError,
  defaultPendingMs: 200,
  scrollRestoration: true,
});
