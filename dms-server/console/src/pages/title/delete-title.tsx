/** Deleting a title: gone from the lists at once, and for good when ten seconds are over. */

import { Trans, useLingui } from '@lingui/react/macro';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { hideTitle, showTitle } from '~/api/deleting';
import { api, ask, toApiError } from '~/api/client';
import type { Title } from '~/api/titles';
import { failed, undoable } from '~/parts/toast';
import { useProblemText } from '~/parts/problem-text';

/** Deletes a title unless it is taken back. */
export function useDeleteTitle(): (title: Title) => void {
  const { t } = useLingui();
  const client = useQueryClient();
  const navigate = useNavigate();
  const problemText = useProblemText();
  return ({ id, title: name }) => {
    const act = async () => {
      try {
        const params = { path: { title: id } };
        // It may be the last thing that this page does.
        await ask(api.DELETE('/api/v1/titles/{title}', { params, keepalive: true }));
        await client.invalidateQueries({ queryKey: ['titles'] });
      } catch (error) {
        failed(t`${name} was not deleted. ${problemText(toApiError(error))}`);
      } finally {
        showTitle(id);
      }
    };
    undoable({
      message: <Trans>{name} is being deleted.</Trans>,
      act: () => void act(),
      hide: () => {
        hideTitle(id);
        void navigate({ to: '/library' });
      },
      show: () => showTitle(id),
    });
  };
}
