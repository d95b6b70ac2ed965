import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { twin } from '../../src/parts/chart-data';
import { csvCell, toCsv } from '../../src/parts/csv';
import { stepFor } from '../../src/parts/row-keys';
import { Undoing } from '../../src/parts/undo';
import { operationOf } from '../browser/operations';

describe('CSV', () => {
  it('quotes what needs it, and lets no cell be a formula', () => {
    expect(csvCell('a "b", c')).toBe('"a ""b"", c"');
    expect(csvCell('=1+1')).toBe("'=1+1");
    expect(csvCell(-1)).toBe('-1');
    expect(toCsv([['a', null], [1, 'x']])).toBe('a,\r\n1,x\r\n');
  });

  it('is the twin of a chart, where no data is empty and not 0', () => {
    const series = [{ label: 'peers', color: '--ok', values: [0, null] }];
    expect(twin('Time', [1, 2], series, String)).toEqual([
      ['Time', 'peers'],
      ['1', 0],
      ['2', null],
    ]);
  });
});

describe('keys between rows', () => {
  it('stay within the list', () => {
    expect(stepFor('j', 0, 3)).toBe(1);
    expect(stepFor('ArrowDown', 2, 3)).toBe(2);
    expect(stepFor('k', 0, 3)).toBe(0);
    expect(stepFor('PageDown', 5, 100)).toBe(15);
    expect(stepFor('End', 0, 3)).toBe(2);
    expect(stepFor('x', 0, 3)).toBeNull();
  });
});

describe('a change of mind', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('does nothing when it comes in time, and is too late afterwards', () => {
    const act = vi.fn();
    const undoing = new Undoing(10_000);
    undoing.add('a', act);
    vi.advanceTimersByTime(9_999);
    expect(undoing.cancel('a')).toBe(true);
    vi.advanceTimersByTime(10_000);
    expect(act).not.toHaveBeenCalled();
    undoing.add('b', act);
    vi.advanceTimersByTime(10_000);
    expect(act).toHaveBeenCalledOnce();
    expect(undoing.cancel('b')).toBe(false);
  });

  it('is over when the page is left: what waits is done, once', () => {
    const act = vi.fn();
    const undoing = new Undoing(10_000);
    undoing.add('a', act);
    undoing.finishAll();
    vi.advanceTimersByTime(20_000);
    expect(act).toHaveBeenCalledOnce();
  });
});

describe('the operation of a request', () => {
  const operations = ['GET /api/v1/titles', 'GET /api/v1/titles/{title}', 'DELETE /api/v1/titles/{title}'];

  it('is found by method and path', () => {
    expect(operationOf('GET', '/api/v1/titles', operations)).toBe(operations[0]);
    expect(operationOf('DELETE', '/api/v1/titles/1', operations)).toBe(operations[2]);
    expect(operationOf('PUT', '/api/v1/titles/1', operations)).toBeNull();
    expect(operationOf('GET', '/api/v1/titles/1/secret', operations)).toBeNull();
    expect(operationOf('GET', '/console/library', operations)).toBe('file');
    expect(operationOf('POST', '/console/library', operations)).toBeNull();
  });
});
