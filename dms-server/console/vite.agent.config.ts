/** The agent's page: of the same pieces as the console, built apart, because the agent serves it itself. */

import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { bundleBudget } from '../../player/web/vite-budget.ts';
import { compressed } from './vite-compress.ts';
import { messageMacros } from './vite-macros.ts';

export default defineConfig({
  base: '/ui/',
  publicDir: false,
  plugins: [messageMacros(), react(), bundleBudget({ 'agent.html': 200 }), compressed(['gz'])],
  resolve: { alias: { '~': fileURLToPath(new URL('./src', import.meta.url)) } },
  // The agent replaces it by the nonce of each answer; it knows the same words.
  html: { cspNonce: 'nonce-of-this-answer' },
  build: {
    outDir: 'dist-agent',
    target: 'es2023',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: 'agent.html',
      checks: { bundlerTimings: false, pluginTimings: false },
    },
  },
});
