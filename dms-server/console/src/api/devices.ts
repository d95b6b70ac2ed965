/** Devices: asking for them, and what is known of them. */

import { api, ask, type Schema } from './client';

export type Device = Schema<'DeviceView'>;

/** Most devices that are asked for at once; the server gives no more. */
export const DEVICES_PAGE = 500;

/** How often a short list of devices is asked for, ms. */
export const DEVICES_MS = 15_000;

/** A page of the list, newest first. */
export function listDevices(cursor: string | null, banned = false): Promise<Schema<'Page_DeviceView'>> {
  const query = { limit: DEVICES_PAGE, ...(banned && { banned }), ...(cursor && { cursor }) };
  return ask(api.GET('/api/v1/devices', { params: { query } }));
}
