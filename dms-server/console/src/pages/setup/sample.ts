/** The sample: a short video that comes with the console. */

import { unreachable } from '~/api/problem';
import address from '../../../../../tests/media/big-buck-bunny-720p-5s.mp4?url';

/** It as a file, as if it had been chosen. */
export async function sampleFile(name: string): Promise<File> {
  const answer = await fetch(address);
  if (!answer.ok) throw unreachable();
  return new File([await answer.blob()], `${name}.mp4`, { type: 'video/mp4' });
}
