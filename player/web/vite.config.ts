import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { forAgents } from './vite-agent.ts';
import { bundleBudget } from './vite-budget.ts';
import { contentSecurityPolicy } from './vite-csp.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [contentSecurityPolicy(), forAgents('dist-agent'), bundleBudget({ 'watch.html': 60, 'embed.html': 60 })],
  resolve: {
    alias: [
      { find: /^\.\/media-keyboard-shortcuts-dialog\.js$/, replacement: here('./src/watch/no-shortcuts-dialog.ts') },
      { find: /^\.\.\/lang\/en\.js$/, replacement: here('./src/i18n/no-english.ts') },
    ],
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
          // A browser beside other tests on two cores: what fails once is shown, what fails twice is broken.
          retry: 1,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
