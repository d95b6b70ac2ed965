/** How the store's file system is shared out. Pure. */

import type { Schema } from '~/api/client';

export interface Share {
  readonly what: 'titles' | 'building' | 'waiting' | 'other' | 'free';
  readonly bytes: number;
}

/** The parts of the disk, in their order in the bar; of a store whose disk nobody can ask, only what is known to be in it. */
export function shares({ bytes, room }: Pick<Schema<'Storage'>, 'bytes' | 'room'>): Share[] {
  const own: Share[] = [
    { what: 'titles', bytes: bytes.titles },
    { what: 'building', bytes: bytes.building },
    { what: 'waiting', bytes: bytes.waiting },
  ];
  if (!room) return own;
  const ours = own.reduce((sum, part) => sum + part.bytes, 0);
  // Compressing file systems use less than is written: never below nothing.
  const other = Math.max(0, room.size_bytes - room.free_bytes - ours);
  return [...own, { what: 'other', bytes: other }, { what: 'free', bytes: room.free_bytes }];
}
