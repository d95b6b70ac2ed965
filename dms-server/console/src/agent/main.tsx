/** Starts the agent's page. */

import '~/trusted';
import '~/nonce';
import '@mantine/core/styles.css';
import '~/theme/base.css';
import { i18n } from '@lingui/core';
import { I18nProvider } from '@lingui/react';
import { MantineProvider } from '@mantine/core';
import { QueryClientProvider } from '@tanstack/react-query';
import { createRoot } from 'react-dom/client';
import { NONCE } from '~/nonce';
import { theme, variables } from '~/theme/theme';
import { signIn } from './access';
import { startLanguage } from './language';
import { Page } from './Page';
import { queries } from './queries';

const root = document.getElementById('root');
if (!root) throw new Error('the page has no root');
await Promise.all([startLanguage(), signIn()]);
createRoot(root).render(
  <I18nProvider i18n={i18n}>
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      cssVariablesResolver={variables}
      getStyleNonce={() => NONCE}
    >
      <QueryClientProvider client={queries}>
        <Page />
      </QueryClientProvider>
    </MantineProvider>
  </I18nProvider>,
);
