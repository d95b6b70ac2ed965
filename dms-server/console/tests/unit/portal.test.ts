import { describe, expect, it } from 'vitest';
import type { Title } from '../../src/api/titles';
import { waiting } from '../../src/portal/asked';
import { agentAt, readKept } from '../../src/portal/here';
import { meaning } from '../../src/portal/keys';
import { isNews } from '../../src/portal/live';
import { excerpt, pieces } from '../../src/portal/marks';
import { PLACES } from '../../src/portal/places';
import { isOn } from '../../src/portal/preferences';
import { byTag, percentWatched, watchable, watchAddress } from '../../src/portal/rows';
import { resultFor } from '../../src/portal/searching';
import server from '../../../src/pages/portal.rs?raw';

describe('what was looked for', () => {
  const marked = (text: string, query: string) =>
    pieces(text, query)
      .filter((piece) => piece.marked)
      .map((piece) => piece.text);

  it('is marked where words begin so, without case and accents', () => {
    expect(marked('Q3 paid for the croissants', 'CROI q3')).toEqual(['Q3', 'croi']);
    expect(marked('Über die Zukunft, größer', 'uber grosser')).toEqual(['Über']);
    expect(marked('E\u0301cole, école', 'eco')).toEqual(['E\u0301co', 'éco']);
    expect(marked('unfair', 'fair')).toEqual([]);
    expect(marked('한국어 회의', '한국')).toEqual(['한국']);
    expect(marked('anything', '  ')).toEqual([]);
    expect(marked('(a+b)* [x', 'x a')).toEqual(['a', 'x']);
  });

  it('leaves the text as it was', () => {
    for (const text of ['', 'Q3 <b>all</b> hands!', 'Ärger 😀 mit é', 'ﬁn de l’été']) {
      for (const query of ['a', 'q3 hands', 'fi', '😀', 'ete']) {
        expect(pieces(text, query).map((piece) => piece.text).join('')).toBe(text);
      }
    }
  });

  it('is shown where it stands in a long text', () => {
    const long = `${'word '.repeat(100)}croissants ${'more '.repeat(100)}`;
    const shown = excerpt(long, 'croiss', 80);
    expect(shown.find((piece) => piece.marked)?.text).toBe('croiss');
    const text = shown.map((piece) => piece.text).join('');
    expect(text.startsWith('…') && text.endsWith('…')).toBe(true);
    expect(text.length).toBeLessThanOrEqual(82);
    expect(excerpt('short', 'x', 80)).toEqual([{ text: 'short', marked: false }]);
  });
});

describe('the rows', () => {
  const title = (id: string, tags: string[], change: Partial<Title> = {}) =>
    ({ id, tags, kind: 'video', state: 'complete', ...change }) as Title;

  it('have what can be watched, and one for each tag that has several', () => {
    const all = [
      title('1', ['news', 'safety']),
      title('2', ['news']),
      title('3', ['news', 'safety']),
      title('4', ['alone']),
      title('5', ['alone'], { kind: 'file' }),
      title('6', ['safety'], { state: 'failed' }),
    ];
    expect(watchable(all).map(({ id }) => id)).toEqual(['1', '2', '3', '4']);
    const rows = byTag(all).map(({ tag, titles }) => [tag, titles.map(({ id }) => id)]);
    expect(rows).toEqual([
      ['news', ['1', '2', '3']],
      ['safety', ['1', '3']],
    ]);
  });

  it('say how far somebody is, and lead there', () => {
    expect(percentWatched(30, 120_000)).toBe(25);
    expect(percentWatched(500, 120_000)).toBe(100);
    expect(percentWatched(30, null)).toBe(0);
    expect(percentWatched(null, 120_000)).toBe(0);
    expect(watchAddress('id', 12.9)).toBe('/watch/id?at=12');
    expect(watchAddress('id', 0)).toBe('/watch/id');
  });
});

describe('keys of the portal', () => {
  it('lead to places, and are text where somebody types', () => {
    expect(meaning('g', false, false, false)).toBe('prefix');
    expect(meaning('m', true, false, false)).toEqual({ go: '/my' });
    expect(meaning('x', true, false, false)).toBeNull();
    expect(meaning('/', false, false, false)).toBe('search');
    expect(meaning('/', false, false, true)).toBeNull();
    expect(meaning('k', false, true, true)).toBe('palette');
    expect(meaning('c', false, true, false)).toBeNull();
  });

  it('go along the results, and back into the field', () => {
    expect(resultFor('ArrowDown', 0, 3)).toBe(1);
    expect(resultFor('ArrowDown', 2, 3)).toBeNull();
    expect(resultFor('ArrowUp', 0, 3)).toBe(-1);
    expect(resultFor('End', 0, 3)).toBe(2);
    expect(resultFor('a', 0, 3)).toBeNull();
  });
});

describe('the portal', () => {
  it('has the places that the server answers', () => {
    const list = /const PLACES[^=]*= \[([^\]]+)\]/.exec(server)?.[1] ?? '';
    const paths = [...list.matchAll(/"([^"]+)"/g)].map(([, path]) => path);
    expect(paths.sort()).toEqual(PLACES.map(({ path }) => path).sort());
  });

  it('asks again for what is news to who watches', () => {
    expect(isNews('title.changed', '{"state":"transcoding"}')).toBe(false);
    expect(isNews('title.changed', '{"state":"complete"}')).toBe(true);
    expect(isNews('title.changed', 'no JSON')).toBe(true);
    expect(isNews('missed', '{}')).toBe(true);
  });

  it('remembers a switch as the watch page does: captions by their language', () => {
    expect(isOn(null, true)).toBe(true);
    expect(isOn(null, false)).toBe(false);
    expect(isOn('off', true)).toBe(false);
    expect(isOn('de', false)).toBe(true);
  });
});

describe('what waits for an answer', () => {
  const id = (last: number) => `01a20949-f355-73cf-a98c-00000000000${last}`;

  it('is what this browser asked for and nobody answered since', () => {
    const notes = [
      [`dms.asked.${id(1)}`, '1000'],
      [`dms.asked.${id(2)}`, '3000'],
      [`dms.asked.${id(3)}`, '2000'],
      [`dms.asked.${id(4)}`, '2000'],
    ] as const;
    const answers = [
      { title: id(3), answered_ms: 2500 },
      // Refused before it was asked for again.
      { title: id(4), answered_ms: 1500 },
    ];
    expect(waiting(notes, answers).map(({ title }) => title)).toEqual([id(2), id(4), id(1)]);
  });

  it('is nothing that somebody else wrote there', () => {
    const notes = ['', 'x', '-5', '1e99', 'NaN'].map((value) => [`dms.asked.${id(1)}`, value] as const);
    expect(waiting([...notes, ['dms.asked.<script>', '5'], ['dms.captions', '5'], [id(2), '5']], [])).toEqual([]);
  });
});

describe('what the PC keeps', () => {
  const title = '0191e2a0-0000-7000-8000-000000000000';

  it('is read from what the agent says, and what is no such thing is left out', () => {
    expect(readKept({ title, version: 1, tracks: [], bytes: 10, bytes_here: 4, no_room: true })).toEqual({
      title,
      bytes: 10,
      bytesHere: 4,
      noRoom: true,
    });
    expect(readKept({ title, bytes: -1, bytes_here: 'x' })).toEqual({ title, bytes: 0, bytesHere: 0, noRoom: false });
    for (const wrong of [null, 7, 'kept', {}, { title: 7 }, { title: '../x' }]) expect(readKept(wrong)).toBeNull();
  });

  it('is asked of this PC only', () => {
    expect(agentAt('http://127.0.0.1:9000')).toBe('http://127.0.0.1:9000');
    for (const wrong of ['', 'http://evil.example:7747', 'https://127.0.0.1:1', 'http://localhost:7747']) {
      expect(agentAt(wrong)).toBe('http://127.0.0.1:7747');
    }
  });
});
