/** Colours as a canvas understands them. Pure. */

/** `#rgb` and `#rrggbb` as three numbers; what is neither is grey. */
function channels(hex: string): [number, number, number] {
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/i.exec(hex.trim());
  const long = short ? short.slice(1).map((digit) => digit + digit) : /^#(..)(..)(..)/.exec(hex.trim())?.slice(1);
  const [red = 128, green = 128, blue = 128] = (long ?? []).map((pair) => Number.parseInt(pair, 16));
  return [red, green, blue];
}

/** So much of one colour on another one, which is not seen through. */
export function mixed(colour: string, on: string, share: number): string {
  const below = channels(on);
  const blend = channels(colour).map((value, at) => Math.round(value * share + (below[at] ?? 0) * (1 - share)));
  return `rgb(${blend.join(', ')})`;
}
