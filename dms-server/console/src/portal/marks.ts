/** Where the words of a search stand in a text. Pure. Words are found as the server finds them: without case and accents. */

/** A piece of a text; `marked`: it is what was looked for. */
export interface Piece {
  readonly text: string;
  readonly marked: boolean;
}

const WORD = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*/gu;

/** Without case and accents. */
function folded(text: string): string {
  return text.normalize('NFKD').replace(/\p{M}+/gu, '').toLowerCase();
}

/** The text in pieces: of each word that begins with a word of the query, what it begins with is marked. */
export function pieces(text: string, query: string): Piece[] {
  const wanted = (query.match(WORD) ?? []).map(folded).filter((word) => word !== '');
  const all: Piece[] = [];
  let from = 0;
  for (const { 0: word, index } of text.matchAll(WORD)) {
    const whole = folded(word);
    const longest = Math.max(0, ...wanted.filter((begin) => whole.startsWith(begin)).map((begin) => begin.length));
    if (longest === 0) continue;
    if (index > from) all.push({ text: text.slice(from, index), marked: false });
    const end = index + lengthOf(word, longest);
    all.push({ text: text.slice(index, end), marked: true });
    from = end;
  }
  if (from < text.length) all.push({ text: text.slice(from), marked: false });
  return all;
}

/** How much of `word` comes to `length` folded characters: accents that were dropped belong to their letters. */
function lengthOf(word: string, length: number): number {
  let taken = 0;
  for (const { segment, index } of new Intl.Segmenter().segment(word)) {
    if (taken >= length) return index;
    taken += folded(segment).length;
  }
  return word.length;
}

/** As much of a long text as is worth showing: from a little before the first mark. */
export function excerpt(text: string, query: string, most: number): Piece[] {
  const all = pieces(text, query);
  if (text.length <= most) return all;
  const before = all.findIndex(({ marked }) => marked);
  const at = all.slice(0, Math.max(0, before)).reduce((sum, piece) => sum + piece.text.length, 0);
  const wanted = Math.max(0, Math.min(at - Math.floor(most / 3), text.length - most));
  const from = wanted === 0 ? 0 : text.indexOf(' ', wanted) + 1;
  const cut = text.slice(from, from + most);
  return pieces(`${from > 0 ? '…' : ''}${cut}${from + most < text.length ? '…' : ''}`, query);
}
