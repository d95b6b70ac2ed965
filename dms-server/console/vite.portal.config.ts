/** The portal: of the same pieces as the console, built apart, because who only watches needs little of it. */

import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { bundleBudget } from '../../player/web/vite-budget.ts';
import { compressed } from './vite-compress.ts';
import { messageMacros } from './vite-macros.ts';

export default defineConfig({
  base: '/portal/',
  publicDir: false,
  plugins: [messageMacros(), react(), bundleBudget({ 'portal.html': 220 }), compressed()],
  resolve: { alias: { '~': fileURLToPath(new URL('./src', import.meta.url)) } },
  // The server replaces it by the nonce of each answer; it knows the same words.
  html: { cspNonce: 'nonce-of-this-answer' },
  build: {
    outDir: 'dist-portal',
    target: 'es2023',
    cssTarget: ['chrome133', 'firefox130', 'safari17.5'],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      input: 'portal.html',
      checks: { bundlerTimings: false, pluginTimings: false },
    },
  },
});
