import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { forAgents } from './vite-agent.ts';
import { bundleBudget } from './vite-budget.ts';
import { contentSecurityPolicy } from './vite-csp.ts';

const NO_SHORTCUTS = fileURLToPath(new URL('./src/watch/no-shortcuts-dialog.ts', import.meta.url));

export default defineConfig({
  plugins: [contentSecurityPolicy(), forAgents('dist-agent'), bundleBudget({ 'watch.html': 60, 'embed.html': 60 })],
  resolve: {
    alias: [{ find: /^\.\/media-keyboard-shortcuts-dialog\.js$/, replacement: NO_SHORTCUTS }],
  },
  build: {
    target: 'es2023',
    // The oldest browsers with X25519 know light-dark(); rewritten, it would lose its scope.
    cssTarget: ['chrome133', 'firefox130', 'safari17.5'],
    modulePreload: { polyfill: false },
    // What the pages load is measured by the budget; the engine is large and loaded later.
    chunkSizeWarningLimit: 700,
    rolldownOptions: { input: ['watch.html', 'embed.html'], checks: { bundlerTimings: false, pluginTimings: false } },
  },
  test: {
    projects: [
      { test: { name: 'unit', include: ['tests/unit/**/*.test.ts'] } },
      {
        test: {
          name: 'browser',
          include: ['tests/browser/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
