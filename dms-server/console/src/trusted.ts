/**
 * The one Trusted Types policy of the console. Its code builds elements and sets texts; only the library of its controls
 * writes style sheets as HTML into style elements of its own. Text without a tag is all that those need, so everything
 * else is refused: a hostile text that found its way there would be an error and no element.
 */

/** As much of the browser's interface as is used; TypeScript's library does not have it. */
interface TrustedTypes {
  createPolicy(name: string, rules: { createHTML(html: string): string | null }): unknown;
}

/** Whether the text has no tag, as a style sheet has none. */
export function isTagless(text: string): boolean {
  return !text.includes('<');
}

// Browsers without Trusted Types do without the policy, too: they do not enforce it.
const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
trustedTypes?.createPolicy('default', { createHTML: (html) => (isTagless(html) ? html : null) });
