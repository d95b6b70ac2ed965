/** Starts the portal. */

import '~/trusted';
import '~/nonce';
import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import '~/theme/base.css';
import { RouterProvider } from '@tanstack/react-router';
import { createRoot } from 'react-dom/client';
import { Around } from '~/app/Around';
import { queries } from '~/app/queries';
import { startLanguage } from './language';
import { router } from './router';

const root = document.getElementById('root');
if (!root) throw new Error('the page has no root');
await startLanguage();
createRoot(root).render(
  <Around queries={queries}>
    <RouterProvider router={router} />
  </Around>,
);
