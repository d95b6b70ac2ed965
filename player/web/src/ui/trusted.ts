/**
 * The one Trusted Types policy of the pages. Their own code builds elements and sets texts; Media Chrome writes HTML into
 * its shadow roots. What it writes is of few elements and attributes, none of which can run a script, load anything or
 * lead anywhere, and everything else is refused: a hostile text that found its way there would be an error and no element.
 */

const ELEMENTS = new Set(
  (
    'animateTransform clipPath div g img input label media-gesture-receiver media-preview-chapter-display ' +
    'media-preview-thumbnail media-preview-time-display media-text-display media-tooltip path slot span svg template'
  ).split(' '),
);

const ATTRIBUTES = new Set(
  (
    'aria-hidden aria-label aria-live attributeName attributeType class crossorigin d decoding dur fill for from id loading ' +
    'max min name part repeatCount role shadowrootmode slot step to type value viewBox'
  ).split(' '),
);

const ATTRIBUTE = /\s+([\w:-]+)(?:="[^"<>]*"|='[^'<>]*')?/g;
const TAG = new RegExp(`<(/?)([\\w-]+)((?:${ATTRIBUTE.source})*)\\s*/?>`, 'g');
const COMMENT = /<!--[\w\s.,:;'()/-]*?-->/g;
const STYLE = /<style>[^<]*<\/style>/g;

/** Whether the HTML is of the elements and attributes above, written as simply as HTML can be. */
export function isPlain(html: string): boolean {
  const rest = html
    .replace(COMMENT, '')
    .replace(STYLE, '')
    .replace(TAG, (tag: string, _end: string, name: string, attributes: string) => {
      const names = [...attributes.matchAll(ATTRIBUTE)].map(([, attribute = '']) => attribute);
      return ELEMENTS.has(name) && names.every((attribute) => ATTRIBUTES.has(attribute)) ? '' : tag;
    });
  return !rest.includes('<');
}

/** As much of the browser's interface as is used; TypeScript's library does not have it. */
interface TrustedTypes {
  createPolicy(name: string, rules: { createHTML(html: string): string | null }): unknown;
}

// Browsers without Trusted Types do without the policy, too: they do not enforce it.
const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
trustedTypes?.createPolicy('default', { createHTML: (html) => (isPlain(html) ? html : null) });
