/**
 * Takes the place of Media Chrome's list of shortcuts in the bundle. The controller only reaches
 * for it to handle keys, and the page handles those itself (`nohotkeys`, `keys.ts`).
 */

/** The name of a key in a list of disabled shortcuts; no such list is used. */
export function getHotkeyToken(key: string): string {
  return key;
}
