/** What a row of the log says beside who, what and when; as pairs and not as JSON. Pure. */

function valueText(value: unknown): string {
  if (value === null || value === undefined) return '–';
  if (Array.isArray(value)) return value.map(valueText).join(', ');
  if (typeof value === 'object') return pairs(value).map(([name, text]) => `${name}: ${text}`).join(', ');
  return String(value);
}

/** The names and values of a detail; deeper ones are joined. */
export function pairs(detail: unknown): [string, string][] {
  if (typeof detail !== 'object' || detail === null) return detail === null ? [] : [['', valueText(detail)]];
  return Object.entries(detail).map(([name, value]) => [name.replaceAll('_', ' '), valueText(value)]);
}

/** All of it in a line. */
export function detailText(detail: unknown): string {
  return pairs(detail)
    .map(([name, text]) => (name ? `${name}: ${text}` : text))
    .join(' · ');
}
