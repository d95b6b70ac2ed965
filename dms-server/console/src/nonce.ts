/** The nonce that the policy of this answer allows style elements by. */

import { setNonce } from 'get-nonce';

/** The nonce; empty where there is no policy, as under `vite dev`. */
export const NONCE = document.querySelector<HTMLElement>('meta[property="csp-nonce"]')?.nonce ?? '';

// Dialogs lock scrolling with a style element made elsewhere.
if (NONCE) setNonce(NONCE);
