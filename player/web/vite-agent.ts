/** Writes the watch page once more, as agents embed and serve it: its files compressed, with a policy of its own. */

import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';
import { agentPolicy } from './vite-csp.ts';

/** What an agent has no use for. */
const NOT_SERVED = /^(?:embed\.html|csp\.txt|assets\/embed-.*)$/;

/** The plugin. `folder` is made anew at each build. */
export function forAgents(folder: string): Plugin {
  let root = '';
  return {
    name: 'dms-agent',
    apply: 'build',
    configResolved(config) {
      root = config.root;
    },
    async writeBundle(_, bundle) {
      const out = join(root, folder);
      rmSync(out, { recursive: true, force: true });
      mkdirSync(join(out, 'assets'), { recursive: true });
      for (const item of Object.values(bundle)) {
        if (NOT_SERVED.test(item.fileName)) continue;
        const bytes = item.type === 'chunk' ? item.code : item.source;
        const packed = item.fileName.startsWith('assets/');
        const name = join(out, packed ? `${item.fileName}.gz` : item.fileName);
        writeFileSync(name, packed ? gzipSync(bytes, { level: 9 }) : bytes);
      }
      writeFileSync(join(out, 'csp.txt'), `${await agentPolicy()}\n`);
    },
    closeBundle() {
      // What lies in `public` is no part of the bundle.
      cpSync(join(root, 'public', 'favicon.svg'), join(root, folder, 'favicon.svg'));
    },
  };
}
