/** What a contradiction in a policy is, and which rule wins, in a sentence. */

import { useLingui } from '@lingui/react/macro';
import type { Conflict, Remark } from './policy-form';

export function useConflictTexts() {
  const { t } = useLingui();
  return {
    conflict: (conflict: Conflict): string => {
      switch (conflict) {
        case 'ends_before_start':
          return t`It ends before it begins: nobody could ever watch it. Give an end after the beginning.`;
        case 'embargo_after_end':
          return t`The embargo lasts until after the end: nobody could ever watch it. The embargo wins over everything.`;
        case 'nowhere':
          return t`It can be watched nowhere. Name a site, or allow the VPN.`;
        case 'no_collection':
          return t`Say which collection has to be subscribed to.`;
        case 'embed_any':
          return t`Any page may show it, but only some people may watch it. The audience wins: name the pages, or open it to everybody.`;
      }
    },
    remark: (remark: Remark): string => {
      switch (remark) {
        case 'nobody':
          return t`Nobody is in the audience. Who published it can still change this.`;
        case 'over':
          return t`The end is in the past: nobody can watch it any more.`;
      }
    },
  };
}
