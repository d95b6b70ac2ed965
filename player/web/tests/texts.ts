/** Every text that the pages show, found in their sources and their markup; and those that nobody put through `t`. */

import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseAst } from 'vite';
import { ERROR_CODES, explain } from '../src/errors';
import { KEY_SHEET } from '../src/watch/keys';

/** A node of a syntax tree, as far as it matters here. */
type Tree = { readonly type: string } & Record<string, unknown>;

const HERE = fileURLToPath(new URL('../', import.meta.url));
/** The pages' markup. */
export const PAGES = ['watch.html', 'embed.html'] as const;

/** What looks like a text and is none: names of keys, of algorithms and of what browsers throw. */
const NO_TEXT = new Set(
  (
    'Space Escape Enter Home End ArrowLeft ArrowRight ArrowUp ArrowDown Arrow Comma Period Slash K J L M C T P N F I S'
  ).split(' '),
);
/** Sources that show nothing: what they say is thrown, for the details that a help desk reads, or compared. */
const SILENT = /^(?:secure|net|play|i18n)\/|^ui\/trusted\.ts$/;

function sources(): string[] {
  return readdirSync(`${HERE}src`, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && typeof (value as Tree).type === 'string';
}

function children(node: Tree): Tree[] {
  return Object.values(node).flatMap((value) => (Array.isArray(value) ? value : [value])).filter(isTree);
}

/** The string that an expression is: a literal, or literals added up. */
function literal(node: Tree): string | null {
  if (node.type === 'Literal') return typeof node.value === 'string' ? node.value : null;
  if (node.type !== 'BinaryExpression' || node.operator !== '+') return null;
  const [left, right] = [literal(node.left as Tree), literal(node.right as Tree)];
  return left === null || right === null ? null : left + right;
}

/** The strings that an expression may come to. */
function strings(node: Tree): string[] {
  if (node.type === 'ConditionalExpression') {
    return [...strings(node.consequent as Tree), ...strings(node.alternate as Tree)];
  }
  const found = literal(node);
  return found === null ? [] : [found];
}

function mentions(node: Tree, type: string): boolean {
  if (node.type === 'Identifier') return node.name === type;
  return children(node).some((child) => mentions(child, type));
}

/** What a source shows by way of `t` or `rich`, or marks as `Texts`; the rest of its strings. */
interface Found {
  readonly texts: string[];
  readonly others: string[];
}

function visit(node: Tree, found: Found): void {
  const callee = node.callee as Tree | undefined;
  if (node.type === 'CallExpression' && callee?.type === 'Identifier' && ['t', 'rich'].includes(String(callee.name))) {
    const [text, ...rest] = node.arguments as Tree[];
    if (text) found.texts.push(...strings(text));
    for (const argument of rest) visit(argument, found);
    return;
  }
  if (node.type === 'TSSatisfiesExpression' && mentions(node.typeAnnotation as Tree, 'Texts')) {
    const properties = (node.expression as Tree).properties as Tree[];
    found.texts.push(...properties.flatMap((property) => strings(property.value as Tree)));
    return;
  }
  const thrown = node.type === 'NewExpression' && /Error$/.test(String(callee?.name));
  if (thrown || node.type === 'ImportDeclaration' || node.type.startsWith('TSType')) return;
  if (node.type === 'TemplateElement') found.others.push((node.value as { cooked: string }).cooked);
  const said = literal(node);
  if (said !== null) {
    found.others.push(said);
    return;
  }
  for (const child of children(node)) visit(child, found);
}

function inSource(name: string): Found {
  const found: Found = { texts: [], others: [] };
  visit(parseAst(readFileSync(`${HERE}src/${name}`, 'utf8'), { lang: 'ts' }) as unknown as Tree, found);
  return found;
}

/** Texts that are marked in a page, and those that are not. */
function inPage(name: string): Found {
  const found: Found = { texts: [], others: [] };
  const html = readFileSync(HERE + name, 'utf8')
    .replace(/<!--[\s\S]*?-->|<svg[\s\S]*?<\/svg>|<noscript>[\s\S]*?<\/noscript>/g, '')
    .replace(/<(?:link|meta)[^>]*>/g, '');
  for (const [, attributes = '', after = ''] of html.matchAll(/<[\w-]+((?:\s+[\w-]+(?:="[^"]*")?)*)\s*>([^<]*)/g)) {
    const mark = /\sdata-t(?:="([\w-]+)")?(?=\s|$)/.exec(attributes);
    const text = after.trim();
    if (text !== '') (mark && mark[1] === undefined ? found.texts : found.others).push(text);
    for (const [, attribute, value = ''] of attributes.matchAll(/\s(aria-label|title|placeholder|alt)="([^"]*)"/g)) {
      (mark?.[1] === attribute ? found.texts : found.others).push(value);
    }
  }
  return found;
}

/** Every text there is, as the catalogues have to have it, in the order of the sources. */
export function allTexts(): string[] {
  const errors = ERROR_CODES.map(explain).flatMap(({ title, sentence }) => [title, sentence]);
  const keys = KEY_SHEET.map(([, does]) => does);
  const found = [...PAGES.map(inPage), ...sources().map(inSource)].flatMap(({ texts }) => texts);
  return [...new Set([...found, ...keys, ...errors])];
}

/** What looks like a text of the page and is shown as it is, with its place. */
export function strays(): string[] {
  const known = new Set(allTexts());
  const looks = (text: string) =>
    !known.has(text) &&
    !NO_TEXT.has(text) &&
    (/^[A-Z][a-z’]+(?:$|[ ,.…:?!])/.test(text) || /[a-z]{2,} [a-z]{2,} [a-z]{2,}/.test(text));
  const inSources = sources()
    .filter((name) => !SILENT.test(name))
    .flatMap((name) => inSource(name).others.filter(looks).map((text) => `src/${name}: ${text}`));
  const inPages = PAGES.flatMap((name) => inPage(name).others.map((text) => `${name}: ${text}`));
  return [...inPages, ...inSources];
}

/** The names in braces. */
export function placeholders(text: string): string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name).sort();
}
