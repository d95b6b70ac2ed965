/**
 * Writes `dist/csp.txt`, the Content-Security-Policy the pages are to be served with. Media Chrome
 * puts `<style>` elements into shadow roots; each of their texts is allowed by its hash, so that
 * `'unsafe-inline'` is not needed.
 */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Plugin } from 'vite';

/** Where the list of used elements is. */
const ELEMENTS = new URL('./src/watch/media-chrome.ts', import.meta.url);

interface TemplateElement {
  getTemplateHTML?(attributes: Record<string, string>): string;
}

/** `'sha256-…'` of every style text that the used elements insert. */
async function styleHashes(): Promise<string[]> {
  const modules = [...readFileSync(ELEMENTS, 'utf8').matchAll(/import '(media-chrome\/[^']+)'/g)];
  const texts = new Set<string>();
  for (const [, name = ''] of modules) {
    const exported = (await import(name)) as { default: TemplateElement };
    const html = exported.default.getTemplateHTML?.({}) ?? '';
    for (const [, text = ''] of html.matchAll(/<style[^>]*>([\s\S]*?)<\/style>/g)) texts.add(text);
  }
  return [...texts].map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`).sort();
}

/** The policy of the pages that the DMS serves, as one line. */
async function policy(): Promise<string> {
  return [
    "default-src 'self'",
    "script-src 'self'",
    `style-src 'self' ${(await styleHashes()).join(' ')}`,
    "img-src 'self' data: blob:",
    "media-src 'self' blob:",
    // A policy cannot name 127.0.0.0/8. The page narrows this itself to the portal and its one agent
    // (see src/watch/policy.ts).
    "connect-src 'self' http:",
    "worker-src 'self' blob:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'self'",
    // Texts become elements or scripts by src/ui/trusted.ts alone.
    "require-trusted-types-for 'script'",
    'trusted-types default',
  ].join('; ');
}

/** The policy of the watch page that an agent serves: its own origin, and nothing else from anywhere. */
export async function agentPolicy(): Promise<string> {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' ${(await styleHashes()).join(' ')}`,
    "img-src 'self' data: blob:",
    'media-src blob:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types default',
  ].join('; ');
}

/** The plugin. */
export function contentSecurityPolicy(): Plugin {
  return {
    name: 'dms-csp',
    apply: 'build',
    async generateBundle() {
      this.emitFile({ type: 'asset', fileName: 'csp.txt', source: `${await policy()}\n` });
    },
  };
}
