/** Starts the console. */

import './trusted';
import './nonce';
import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import '@mantine/spotlight/styles.css';
import './theme/base.css';
import { createRoot } from 'react-dom/client';
import { App } from '~/app/App';
import { startLanguage } from '~/i18n';
import { followServer } from '~/live';

const root = document.getElementById('root');
if (!root) throw new Error('the page has no root');
await startLanguage();
followServer();
createRoot(root).render(<App />);
