import { describe, expect, it } from 'vitest';
import { isTagless } from '../../src/trusted';
import { type Page, navigation } from '../../src/app/page';

const icon = (() => null) as unknown as NonNullable<Page['nav']>['icon'];

function page(path: string, group: 'content' | 'network' | 'system', order: number, may?: Page['may']): Page {
  const load = () => Promise.reject(new Error('not loaded here'));
  return { path, title: { id: path }, nav: { group, order, icon }, load, ...(may && { may }) };
}

describe('the navigation', () => {
  const pages = [page('/audit', 'system', 1, 'audit'), page('/library', 'content', 2), page('/', 'content', 0)];

  it('has what somebody may see, in order', () => {
    expect(navigation(pages, []).map(({ path }) => path)).toEqual(['/', '/library']);
    expect(navigation(pages, ['audit']).map(({ path }) => path)).toEqual(['/', '/library', '/audit']);
  });
});

describe('the Trusted Types policy', () => {
  it('takes style sheets and nothing with a tag', () => {
    expect(isTagless('.a > .b { color: red }')).toBe(true);
    expect(isTagless('<img src=x onerror=alert(1)>')).toBe(false);
    expect(isTagless('a{}</style><script>')).toBe(false);
  });
});
