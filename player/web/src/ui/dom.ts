/** Making elements. Text only ever goes in as text, so nothing a server says can become markup. */

import { t } from '../i18n/text';

type Child = Node | string | null | false;
type Attributes = Record<string, string | number | boolean | null | undefined | ((event: never) => void)>;

/** An element with attributes, listeners (`onclick: fn`) and children. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') {
      element.addEventListener(name.replace(/^on/, ''), value as unknown as EventListener);
    } else if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? '' : String(value));
    }
  }
  element.append(...children.filter((child) => child !== null && child !== false));
  return element;
}

/** A text of the page with elements in it, for {@link h}: `Code {code}`. */
export function rich(text: string, within: Readonly<Record<string, Node>>): Child[] {
  return t(text)
    .split(/\{(\w+)\}/)
    .map((piece, index) => (index % 2 ? (within[piece] ?? null) : piece));
}

/** The element with `id` in the page's own markup. */
export function byId<T extends Element = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no element #${id}`);
  return element as unknown as T;
}

/** An icon of the page's sprite. */
export function icon(name: string): SVGSVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.classList.add('icon');
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use');
  use.setAttribute('href', `#${name}`);
  svg.append(use);
  return svg;
}

/** A bar that says how far something is; `percent` null while nobody knows. */
export function progressBar(label: string, percent: number | null): HTMLElement {
  const fill = h('span', { class: 'progress__fill' });
  if (percent !== null) fill.style.width = `${Math.max(0, Math.min(100, percent))}%`;
  return h(
    'div',
    {
      class: percent === null ? 'progress progress--unknown' : 'progress',
      role: 'progressbar',
      'aria-label': label,
      'aria-valuemin': 0,
      'aria-valuemax': 100,
      'aria-valuenow': percent === null ? null : Math.round(percent),
    },
    fill,
  );
}
