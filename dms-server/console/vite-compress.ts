/** Replaces the built files by their compressed forms: the server embeds and sends them so. */

import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

/** What is worth compressing; fonts and videos are compressed already. */
const TEXTS = /\.(js|css|svg|json)$/;

/** The plugin. */
export function compressed(): Plugin {
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
        const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
        writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
        writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params }));
        rmSync(path);
      }
    },
  };
}
