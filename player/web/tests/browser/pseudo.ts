/** A language that nobody speaks: every text longer and marked, so that what is not translated or has no room is seen. */

import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { En } from 'media-chrome/dist/lang/en.js';
import type { Page } from 'playwright-core';
import { type Plugin, build } from 'vite';
import config from '../../vite.config';
import { allTexts } from '../texts';

/** The language whose place it takes. */
export const INSTEAD_OF = 'de-DE';

const PLAIN = 'aceinosuyACEINOSUY';
const MARKED = 'åçéîñöšûýÅÇÉÎÑÖŠÛÝ';
const LONGER = 0.4;

/** `Save {n}` -> `⟦Šåvé {n} öñé⟧`: marked, in brackets, 40 % longer; what stands in braces stays. */
export function pseudo(text: string): string {
  const form = (part: string) => {
    const marked = part.replaceAll(/\{\w+\}|[a-zA-Z]/g, (at) => MARKED[PLAIN.indexOf(at)] ?? at);
    // In words of the length that words have: the longest a language adds is no single one.
    const more = 'öñé twö thréé föûr fîvé šîx šévéñ éîght ñîñé téñ '.repeat(4).slice(0, Math.ceil(part.length * LONGER));
    return `⟦${marked} ${more.trim()}⟧`;
  };
  return text.split('|').map(form).join('|');
}

function texts(): Plugin {
  const catalogue = (keys: readonly string[]) => JSON.stringify(Object.fromEntries(keys.map((key) => [key, pseudo(key)])));
  return {
    name: 'pseudo',
    enforce: 'pre',
    load(id) {
      if (id.endsWith('/i18n/de.json')) return catalogue(allTexts());
      if (!id.endsWith('/media-chrome/dist/lang/de.js')) return null;
      return `import { addTranslation } from '../utils/i18n.js'; addTranslation('de', ${catalogue(Object.keys(En))});`;
    },
  };
}

/** Builds the pages with it into a folder of their own, and gives that. */
export async function buildPseudo(): Promise<string> {
  const outDir = await mkdtemp(join(tmpdir(), 'dms-pseudo-'));
  // Of what else a build writes, only the policy: no other folder is touched.
  const policy = (config.plugins ?? []).filter((plugin) => plugin && 'name' in plugin && plugin.name === 'dms-csp');
  await build({
    configFile: false,
    root: fileURLToPath(new URL('../../', import.meta.url)),
    logLevel: 'silent',
    resolve: config.resolve ?? {},
    plugins: [texts(), ...policy],
    build: { ...config.build, outDir },
  });
  return `${outDir}/`;
}

/** What is wrong with a page that is looked at. */
export interface Looked {
  /** Texts and labels that are not in the language, with their place. */
  readonly untranslated: string[];
  /** Texts that are not seen whole, with their place. */
  readonly clipped: string[];
}

/** Looks at all that the page shows, shadow roots included. `data` are words that nobody translates: names of titles and the like. */
export function look(page: Page, data: readonly string[], marked = true): Promise<Looked> {
  return page.evaluate(
    ({ data, marked }) => {
      const found = { untranslated: [] as string[], clipped: [] as string[] };
      const place = (of: Element) => `${of.localName}${of.id ? `#${of.id}` : ''}.${String(of.getAttribute('class'))}`;
      /** What stands outside of the brackets; of a text with elements in it, `depth` is how deep the one before ended. */
      let depth = 0;
      const bare = (text: string) => {
        let left = '';
        for (const letter of text) {
          if (letter === '⟦') depth += 1;
          else if (letter === '⟧') depth -= 1;
          else if (depth === 0) left += letter;
        }
        for (const word of data) left = left.replaceAll(word, '');
        // Units, and the reasons that statistics give by their names.
        return left.replaceAll(/\b\d+p\b|\b[kM]bit\/s\b|\b(?:[kM]B|ms|s|bytes?)\b|\([a-z_]+\)/gi, '');
      };
      const check = (text: string | null, where: string) => {
        if (marked && text && /\p{L}{2}/u.test(bare(text))) found.untranslated.push(`${where}: ${text.trim()}`);
      };
      const parent = (of: Element): Element | null =>
        of.assignedSlot ?? of.parentElement ?? (of.getRootNode() as ShadowRoot).host ?? null;
      const whole = (of: Element, text: Node) => {
        const range = document.createRange();
        range.selectNodeContents(text);
        const box = range.getBoundingClientRect();
        if (box.width === 0 || box.height === 0) return;
        const own = of.getBoundingClientRect();
        const { lineHeight, fontSize } = getComputedStyle(of);
        if (range.getClientRects().length > 1 && Number.parseFloat(lineHeight) < Number.parseFloat(fontSize)) {
          found.clipped.push(`lines lie on one another in ${place(of)}: ${text.textContent}`);
        }
        // A slot has no box of its own.
        if (own.width > 0 && box.right > own.right + 1 && !of.closest('.visually-hidden')) {
          found.clipped.push(`sticks out of ${place(of)}: ${text.textContent}`);
        }
        for (let around: Element | null = of; around; around = parent(around)) {
          const style = getComputedStyle(around);
          if (around.matches('.visually-hidden, .skip')) return;
          const within = around.getBoundingClientRect();
          const cut = (overflow: string) => overflow === 'hidden' || overflow === 'clip';
          // Whoever scrolls sees the rest.
          if (/auto|scroll/.test(`${style.overflowX} ${style.overflowY}`)) return;
          const beside = cut(style.overflowX) && (box.left < within.left - 1 || box.right > within.right + 1);
          const above = cut(style.overflowY) && (box.top < within.top - 1 || box.bottom > within.bottom + 1);
          if (beside || above) found.clipped.push(`${place(around)} cuts ${place(of)}: ${text.textContent}`);
        }
        if (box.left < -1 || box.right > innerWidth + 1) found.clipped.push(`out of sight, ${place(of)}: ${text.textContent}`);
      };
      const seen = (of: Element) => of.checkVisibility({ opacityProperty: true, visibilityProperty: true });
      const visit = (node: Element | ShadowRoot) => {
        for (const child of node.childNodes) {
          if (child instanceof Element) {
            if (child.matches('script, style, template, noscript, code, kbd, link, meta, track')) continue;
            if (!seen(child) && child.localName !== 'option') continue;
            const outside = depth;
            depth = 0;
            for (const name of ['aria-label', 'title', 'placeholder', 'alt', 'aria-valuetext', 'aria-description']) {
              check(child.getAttribute(name), `${place(child)}[${name}]`);
            }
            if (child.shadowRoot) visit(child.shadowRoot);
            visit(child);
            depth = outside;
          } else if (child instanceof Text && child.data.trim() !== '') {
            const of = child.parentElement ?? (child.getRootNode() as ShadowRoot).host;
            // What stands for a slot that was filled is not shown.
            if (of instanceof HTMLSlotElement && of.assignedNodes().length > 0) continue;
            check(child.data, place(of));
            if (of.localName !== 'option') whole(of, child);
          }
        }
      };
      check(document.title, 'title');
      visit(document.body);
      return found;
    },
    { data, marked },
  );
}
