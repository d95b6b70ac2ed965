import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { bundleBudget } from '../../player/web/vite-budget.ts';
import { compressed } from './vite-compress.ts';
import { messageMacros } from './vite-macros.ts';

/** What the server replaces by the nonce of each answer; it knows the same words. */
const NONCE_MARK = 'nonce-of-this-answer';

export default defineConfig(({ command }) => ({
  base: '/console/',
  plugins: [messageMacros(), react(), bundleBudget({ 'index.html': 260 }), compressed()],
  resolve: { alias: { '~': fileURLToPath(new URL('./src', import.meta.url)) } },
  ...(command === 'build' && { html: { cspNonce: NONCE_MARK } }),
  build: {
    target: 'es2023',
    // The oldest browsers with X25519 know light-dark(); rewritten, it would lose its scope.
    cssTarget: ['chrome133', 'firefox130', 'safari17.5'],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 900,
    rolldownOptions: { checks: { bundlerTimings: false, pluginTimings: false } },
  },
  // For work on the console: a server that runs beside it answers.
  server: {
    proxy: Object.fromEntries(
      ['/api', '/session', '/hls', '/watch', '/assets', '/v1'].map((path) => [path, 'http://127.0.0.1:8080']),
    ),
  },
  test: {
    projects: [
      { extends: true, test: { name: 'unit', include: ['tests/unit/**/*.test.{ts,tsx}'] } },
      {
        extends: true,
        test: {
          name: 'browser',
          include: ['tests/browser/**/*.test.ts'],
          fileParallelism: false,
          // A browser beside other tests on two cores: what fails once is shown, what fails twice is broken.
          retry: 1,
          testTimeout: 180_000,
          hookTimeout: 240_000,
        },
      },
    ],
  },
}));
