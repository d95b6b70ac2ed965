/** Starts the agent's page. */

import '~/trusted';
import '~/nonce';
import '@mantine/core/styles.css';
import '~/theme/base.css';
import { createRoot } from 'react-dom/client';
import { Around } from '~/app/Around';
import { signIn } from './access';
import { startLanguage } from './language';
import { Page } from './Page';
import { queries } from './queries';

const root = document.getElementById('root');
if (!root) throw new Error('the page has no root');
await Promise.all([startLanguage(), signIn()]);
createRoot(root).render(
  <Around queries={queries}>
    <Page />
  </Around>,
);
