/** Rates as administrators write them: megabits per second. Pure. */

/** Bytes per second in a megabit per second. */
const MBIT = 125_000;

/** The fastest link that is no typing error, Mbit/s; the server has the same. */
export const MBIT_MAX = 1_000_000;

/** "12,5" -> 1562500; empty is 0, no cap; null: this is no rate. */
export function fromMbit(text: string): number | null {
  const plain = text.trim().replace(',', '.');
  if (plain === '') return 0;
  if (!/^\d+(\.\d+)?$/.test(plain)) return null;
  const mbit = Number(plain);
  return mbit <= MBIT_MAX ? Math.round(mbit * MBIT) : null;
}

/** 1562500 -> "12.5"; 0, no cap, is empty. */
export function toMbit(bytesPerSecond: number): string {
  return bytesPerSecond === 0 ? '' : String(bytesPerSecond / MBIT);
}

/** 1562500 -> "12.5 Mbit/s". */
export function rate(bytesPerSecond: number, locale: string): string {
  const mbit = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 }).format(bytesPerSecond / MBIT);
  return `${mbit} Mbit/s`;
}
