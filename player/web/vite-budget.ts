/** Prints what a page loads before its video engine, and fails the build when that is too much. */

import { gzipSync } from 'node:zlib';
import type { Plugin, Rolldown } from 'vite';

/** Budget of a page, kB (1000 bytes) of gzipped JavaScript. */
export type Budgets = Readonly<Record<string, number>>;

/** The chunks that `chunk` loads at once: itself and what it imports statically. */
function withImports(chunk: Rolldown.OutputChunk, all: Map<string, Rolldown.OutputChunk>): Set<string> {
  const names = new Set<string>();
  const visit = (name: string) => {
    const found = all.get(name);
    if (!found || names.has(name)) return;
    names.add(name);
    found.imports.forEach(visit);
  };
  visit(chunk.fileName);
  return names;
}

/** The plugin. `budgets` maps the page's file (`watch.html`) to its budget. */
export function bundleBudget(budgets: Budgets): Plugin {
  return {
    name: 'dms-budget',
    apply: 'build',
    writeBundle(_, bundle) {
      const chunks = Object.values(bundle).filter((item) => item.type === 'chunk');
      const all = new Map(chunks.map((chunk) => [chunk.fileName, chunk]));
      for (const [page, budget] of Object.entries(budgets)) {
        const entry = chunks.find((chunk) => chunk.isEntry && chunk.facadeModuleId?.endsWith(`/${page}`));
        if (!entry) throw new Error(`the build has no entry ${page}`);
        let bytes = 0;
        for (const name of withImports(entry, all)) bytes += gzipSync(all.get(name)?.code ?? '').length;
        const said = `${page}: ${(bytes / 1000).toFixed(1)} kB of JavaScript (gzip), budget ${budget} kB`;
        console.log(said);
        if (bytes > budget * 1000) throw new Error(`over budget: ${said}`);
      }
    },
  };
}
