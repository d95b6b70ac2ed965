/** What the states of campaigns are called. */

import type { MessageDescriptor } from '@lingui/core';
import { msg } from '@lingui/core/macro';
import type { Tone } from '~/parts/State';

export const STATES: Readonly<Record<string, { name: MessageDescriptor; tone: Tone }>> = {
  scheduled: { name: msg`Scheduled`, tone: 'quiet' },
  running: { name: msg`Running`, tone: 'busy' },
  late: { name: msg`Late`, tone: 'bad' },
  complete: { name: msg`Complete`, tone: 'ok' },
  ended: { name: msg`Ended`, tone: 'quiet' },
};
