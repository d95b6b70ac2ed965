import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isPlain } from '../../src/ui/trusted';
import { PAYLOADS } from '../payloads';

const ELEMENTS = new URL('../../src/watch/media-chrome.ts', import.meta.url);

describe('the policy of HTML', () => {
  it('takes what Media Chrome writes', async () => {
    const modules = [...readFileSync(ELEMENTS, 'utf8').matchAll(/import '(media-chrome\/[^']+)'/g)];
    expect(modules.length).toBeGreaterThan(10);
    for (const [, name = ''] of modules) {
      const exported = (await import(name)) as { default: { getTemplateHTML?(attributes: object): string } };
      const html = exported.default.getTemplateHTML?.({}) ?? '';
      expect(isPlain(html), `${name}: ${html}`).toBe(true);
    }
    for (const text of ['', '0:02', '0:02&nbsp;/&nbsp;0:04', 'Mute']) expect(isPlain(text)).toBe(true);
  });

  it('takes nothing that could run, load or lead anywhere', () => {
    const markup = PAYLOADS.filter((payload) => payload.includes('<'));
    expect(markup.length).toBeGreaterThan(40);
    const taken = markup.filter(isPlain);
    expect(taken).toEqual([]);
    for (const html of ['<img src="https://x.example/">', '<svg><style>@import "//x"</style></svg><a href="/">x</a>',
      '<div onclick="x">', '<template><script>x</script></template>', '<!--><img onerror=x>-->', '<style><img></style>',
      '<div class="a" onload=x>', "<div class='a' /onload=x>", '<style onload="x">', '<input formaction="x">']) {
      expect(isPlain(html), html).toBe(false);
    }
  });
});
