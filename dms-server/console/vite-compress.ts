/** Replaces the built files by their compressed forms: the server embeds and sends them so. */

import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

/** What is worth compressing; fonts and videos are compressed already. */
const TEXTS = /\.(js|css|svg|json)$/;

/** The encodings, by the endings of their files. */
export type Encoding = 'gz' | 'br';

/** The plugin. */
export function compressed(encodings: readonly Encoding[] = ['gz', 'br']): Plugin {
  let assets = '';
  return {
    name: 'dms-compress',
    apply: 'build',
    configResolved({ root, build }) {
      assets = join(root, build.outDir, 'assets');
    },
    closeBundle() {
      for (const name of readdirSync(assets).filter((file) => TEXTS.test(file))) {
        const path = join(assets, name);
        const bytes = readFileSync(path);
        if (encodings.includes('gz')) writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
        const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
        if (encodings.includes('br')) writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params }));
        rmSync(path);
      }
    },
  };
}
