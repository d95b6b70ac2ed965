/** What somebody does with a video: saving, rating, forgetting where they were. Each can be taken back. */

import { useLingui } from '@lingui/react/macro';
import { useQueryClient } from '@tanstack/react-query';
import { api, ask, toApiError } from '~/api/client';
import type { Title } from '~/api/titles';
import { useProblemText } from '~/parts/problem-text';
import { reversible } from '~/parts/reversible';
import { done, failed } from '~/parts/toast';
import { continueQuery, type Marked, mineQuery } from './queries';

export interface Acts {
  readonly save: (on: boolean) => void;
  /** 1 likes it, -1 does not, null takes back what was said. */
  readonly rate: (rating: 1 | -1 | null) => void;
  readonly forget: () => void;
}

export function useActs({ id, title }: Pick<Title, 'id' | 'title'>): Acts {
  const { t } = useLingui();
  const client = useQueryClient();
  const problemText = useProblemText();
  const params = { path: { title: id } };
  const act = async (what: () => Promise<unknown>, said: () => void) => {
    try {
      await what();
      said();
    } catch (thrown) {
      failed(problemText(toApiError(thrown)));
    }
    await client.invalidateQueries({ queryKey: ['me'] });
  };
  const save = (on: boolean) =>
    void act(
      () => ask(on ? api.PUT('/api/v1/me/saved/{title}', { params }) : api.DELETE('/api/v1/me/saved/{title}', { params })),
      () => (on ? done(t`${title} is in your list.`) : reversible(t`${title} was taken from your list.`, () => save(true))),
    );
  const rate = (rating: 1 | -1 | null) => {
    // The box of the menu changes at once; what the server says then stands.
    client.setQueryData(mineQuery(id).queryKey, (old) => old && { ...old, rating });
    void act(
      () =>
        ask(
          rating === null
            ? api.DELETE('/api/v1/me/ratings/{title}', { params })
            : api.PUT('/api/v1/me/ratings/{title}', { params, body: { rating } }),
        ),
      () => undefined,
    );
  };
  const forget = () => {
    const was = client.getQueryData<Marked[]>(continueQuery.queryKey)?.find((one) => one.title.id === id)?.seconds ?? 0;
    const back = () =>
      void act(
        () => ask(api.PUT('/api/v1/me/progress/{title}', { params, body: { seconds: was } })),
        () => undefined,
      );
    void act(
      () => ask(api.DELETE('/api/v1/me/progress/{title}', { params })),
      () => reversible(t`Where you were in ${title} is forgotten.`, back),
    );
  };
  return { save, rate, forget };
}
