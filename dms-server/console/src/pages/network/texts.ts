/** What the network's states are called. */

import type { MessageDescriptor } from '@lingui/core';
import { msg } from '@lingui/core/macro';
import type { Tone } from '~/parts/State';

/** What the peers of a site may do. */
export const PEERING: Readonly<Record<string, { name: MessageDescriptor; means: MessageDescriptor; tone: Tone }>> = {
  on: { name: msg`Takes and gives`, means: msg`Peers take from one another and give to one another.`, tone: 'ok' },
  consume_only: { name: msg`Takes only`, means: msg`Peers take from one another and are asked for nothing.`, tone: 'busy' },
  off: { name: msg`Origin only`, means: msg`Peers use the origin and nothing else.`, tone: 'quiet' },
};

/** Whether a peer gives at the moment, and if not, why. */
export const SHARING: Readonly<Record<string, { name: MessageDescriptor; tone: Tone }>> = {
  on: { name: msg`Shares`, tone: 'ok' },
  paused: { name: msg`Paused by its user`, tone: 'warn' },
  battery: { name: msg`On battery`, tone: 'warn' },
  metered: { name: msg`On a metered link`, tone: 'warn' },
  vpn: { name: msg`On a VPN`, tone: 'warn' },
  leaving: { name: msg`Is leaving`, tone: 'quiet' },
};

/** Whether a device is there. */
export const DEVICE_STATES: Readonly<Record<string, { name: MessageDescriptor; tone: Tone }>> = {
  online: { name: msg`Online`, tone: 'ok' },
  offline: { name: msg`Offline`, tone: 'quiet' },
  revoked: { name: msg`Revoked`, tone: 'bad' },
};

/** What an import does with a site. */
export const ACTIONS: Readonly<Record<string, { name: MessageDescriptor; tone: Tone }>> = {
  new: { name: msg`New`, tone: 'ok' },
  changed: { name: msg`Changed`, tone: 'busy' },
  unchanged: { name: msg`Unchanged`, tone: 'quiet' },
  deleted: { name: msg`Deleted`, tone: 'bad' },
};
