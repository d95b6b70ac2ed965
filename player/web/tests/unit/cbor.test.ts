import { describe, expect, it } from 'vitest';
import { fromHex, fromUuid, toHex, toUuid } from '../../src/secure/bytes';
import { type Cbor, CborError, decode, encode, segmentAad } from '../../src/secure/cbor';

function hex(text: string) {
  const bytes = fromHex(text);
  if (!bytes) throw new Error(`${text} is not hexadecimal`);
  return bytes;
}

describe('values in their one form', () => {
  // From RFC 8949 appendix A.
  const cases: [Cbor, string][] = [
    [0, '00'],
    [23, '17'],
    [24, '1818'],
    [255, '18ff'],
    [256, '190100'],
    [65536, '1a00010000'],
    [1000000000000, '1b000000e8d4a51000'],
    [Number.MAX_SAFE_INTEGER, '1b001fffffffffffff'],
    [-1, '20'],
    [-8, '27'],
    [-1000, '3903e7'],
    [true, 'f5'],
    [false, 'f4'],
    ['', '60'],
    ['ü', '62c3bc'],
    [hex('01020304'), '4401020304'],
    [[1, [2, 3], [4, 5]], '8301820203820405'],
    [new Map<number | string, Cbor>([[1, 2], [3, 4]]), 'a201020304'],
    [new Map<number | string, Cbor>([['b', 1], [-1, 3], [10, 2]]), 'a30a022003616201'],
  ];
  it.each(cases)('%j is %s', (value, text) => {
    expect(toHex(encode(value))).toBe(text);
    expect(toHex(encode(decode(hex(text))))).toBe(text);
  });
});

describe('other forms', () => {
  it.each([
    ['1817', 'a longer integer than needed'],
    ['190018', 'a longer integer than needed'],
    ['1b0000000000000001', 'a longer integer than needed'],
    ['1b0020000000000000', 'an integer above 2^53 - 1'],
    ['5f4101ff', 'an indefinite length'],
    ['9f01ff', 'an indefinite length'],
    ['a2030401 02'.replace(' ', ''), 'keys out of order'],
    ['a201020102', 'a key twice'],
    ['a1f501', 'a boolean as a key'],
    ['61ff', 'a text that is not UTF-8'],
    ['4401', 'too few bytes'],
    ['', 'nothing'],
    ['0000', 'two values'],
    ['c001', 'a tag'],
    ['f6', 'null'],
    ['f93c00', 'a float'],
    ['9a00100000', 'an array longer than allowed'],
    ['81818181818181818100', 'nesting deeper than allowed'],
  ])('%s is refused: %s', (text) => {
    expect(() => decode(hex(text))).toThrow(CborError);
  });

  it('of integers are not written', () => {
    expect(() => encode(1.5)).toThrow(CborError);
    expect(() => encode(2 ** 53)).toThrow(CborError);
  });
});

describe("a segment's associated data", () => {
  const title = '00112233-4455-6677-8899-aabbccddeeff';

  it('is the array of the protocol', () => {
    const place = { tenant: 'acme', title, version: 3, track: 2, segment: 300 };
    expect(toHex(segmentAad(place))).toBe(
      '86' + '01' + '6461636d65' + '5000112233445566778899aabbccddeeff' + '03' + '02' + '19012c',
    );
  });

  it('needs a lower-case UUID', () => {
    const place = { tenant: 'acme', version: 3, track: 2, segment: 1 };
    expect(() => segmentAad({ ...place, title: title.toUpperCase() })).toThrow(CborError);
    expect(() => segmentAad({ ...place, title: title.replaceAll('-', '') })).toThrow(CborError);
  });

  it('round-trips the text form of a title', () => {
    expect(toUuid(fromUuid(title) ?? new Uint8Array(0))).toBe(title);
  });
});
