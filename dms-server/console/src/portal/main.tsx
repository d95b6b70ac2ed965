/** Starts the portal. */

import '~/trusted';
import '~/nonce';
import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import '~/theme/base.css';
import { i18n } from '@lingui/core';
import { I18nProvider } from '@lingui/react';
import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { createRoot } from 'react-dom/client';
import { queries } from '~/app/queries';
import { NONCE } from '~/nonce';
import { theme, variables } from '~/theme/theme';
import { startLanguage } from './language';
import { router } from './router';

const root = document.getElementById('root');
if (!root) throw new Error('the page has no root');
await startLanguage();
createRoot(root).render(
  <I18nProvider i18n={i18n}>
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      cssVariablesResolver={variables}
      getStyleNonce={() => NONCE}
    >
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  </I18nProvider>,
);
