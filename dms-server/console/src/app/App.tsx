/** The console: the page that the address names. */

import { RouterProvider } from '@tanstack/react-router';
import { Around } from './Around';
import { queries } from './queries';
import { router } from './router';

export function App() {
  return (
    <Around queries={queries}>
      <RouterProvider router={router} />
    </Around>
  );
}
