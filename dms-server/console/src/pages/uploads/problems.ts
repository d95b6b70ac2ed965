/** What is the matter with an upload, as a sentence that says what to do. */

import { useLingui } from '@lingui/react/macro';
import type { UploadItem } from '~/uploads/model';

/** The sentence; null when nothing is the matter. */
export function useUploadProblem(item: UploadItem): string | null {
  const { t } = useLingui();
  const size = item.size;
  switch (item.state) {
    case 'forgotten':
      return t`An earlier visit did not finish it. Choose the file again, and it goes on where it stopped.`;
    case 'offline':
      return t`The server does not answer. It goes on by itself when the connection is back.`;
    case 'failed':
    case 'done':
      break;
    default:
      return null;
  }
  const code = item.problem?.code;
  if (code === undefined) return null;
  switch (code) {
    case 'empty_file':
      return t`The file is empty. There is nothing to publish.`;
    case 'policy_not_written':
      return t`It was uploaded, but who may see it was not written: everybody in the company may. Change it at the title's policy.`;
    case 'http_413':
      return t`A proxy before the server refuses requests of this size (${size} bytes). Its limit has to be raised.`;
    default:
      return `${item.problem?.sentence ?? t`The server refused it.`} (${code})`;
  }
}
