/** Tables for spreadsheets. */

/** A cell's text; what a spreadsheet would take for a formula begins with an apostrophe. */
export function csvCell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** The rows as CSV (RFC 4180). */
export function toCsv(rows: readonly (readonly (string | number | null)[])[]): string {
  return rows.map((row) => `${row.map(csvCell).join(',')}\r\n`).join('');
}

/** Gives the browser a file to keep. */
export function download(name: string, text: string | Blob, type = 'text/csv'): void {
  const url = URL.createObjectURL(typeof text === 'string' ? new Blob([text], { type: `${type};charset=utf-8` }) : text);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The click has begun the download; the address is needed no longer than it takes to begin.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
