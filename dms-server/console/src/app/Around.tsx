/** What everything in a page needs around it: texts, the theme, and answers of the server that are kept. */

import { i18n } from '@lingui/core';
import { I18nProvider } from '@lingui/react';
import { MantineProvider } from '@mantine/core';
import { type QueryClient, QueryClientProvider } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { NONCE } from '~/nonce';
import { theme, variables } from '~/theme/theme';

export function Around({ queries, children }: { queries: QueryClient; children: ReactNode }) {
  return (
    <I18nProvider i18n={i18n}>
      <MantineProvider
        theme={theme}
        defaultColorScheme="auto"
        cssVariablesResolver={variables}
        getStyleNonce={() => NONCE}
      >
        <QueryClientProvider client={queries}>{children}</QueryClientProvider>
      </MantineProvider>
    </I18nProvider>
  );
}
