/** Taking a change of the sites back, from the corner and from the list of changes. */

import { Trans, useLingui } from '@lingui/react/macro';
import { useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { toApiError } from '~/api/client';
import { siteChangesQuery, sitesQuery, undoSiteChange } from '~/api/sites';
import { useProblemText } from '~/parts/problem-text';
import { reversible } from '~/parts/reversible';
import { done, failed } from '~/parts/toast';

export interface SiteUndo {
  /** Asks for everything anew that a change of the sites touches. */
  readonly refresh: () => Promise<void>;
  readonly undo: (change: string) => Promise<void>;
  /** Says that something was done, with a button that takes it back. */
  readonly tell: (message: ReactNode, change: string | null) => void;
}

export function useSiteUndo(): SiteUndo {
  const { t } = useLingui();
  const client = useQueryClient();
  const problemText = useProblemText();
  const refresh = async () => {
    await Promise.all([
      client.invalidateQueries({ queryKey: sitesQuery.queryKey }),
      client.invalidateQueries({ queryKey: siteChangesQuery.queryKey }),
    ]);
  };
  const undo = async (change: string) => {
    try {
      await undoSiteChange(change);
      done(<Trans>The change was taken back.</Trans>);
    } catch (error) {
      const problem = toApiError(error);
      failed(t`The change was not taken back. ${problemText(problem)} (${problem.code})`);
    }
    await refresh();
  };
  const tell = (message: ReactNode, change: string | null) => {
    if (change === null) done(message);
    else reversible(message, () => void undo(change));
    void refresh();
  };
  return { refresh, undo, tell };
}
