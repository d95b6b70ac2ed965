/** Requests, each with its two answers. An answer waits for a change of mind: there is no way back on the server. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Anchor, Button, Group, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { toApiError } from '~/api/client';
import { type AccessRequest, answerRequest, type RequestState } from '~/api/requests';
import { useProblemText } from '~/parts/problem-text';
import { State, type Tone } from '~/parts/State';
import { Time } from '~/parts/Time';
import { failed, undoable } from '~/parts/toast';
import classes from './Requests.module.css';

interface Props {
  readonly requests: readonly AccessRequest[];
  /** On the page of the title itself its name says nothing. */
  readonly ofOneTitle?: boolean;
}

export function RequestList({ requests, ofOneTitle = false }: Props) {
  const { t } = useLingui();
  const client = useQueryClient();
  const problemText = useProblemText();
  const [answered, setAnswered] = useState<ReadonlyMap<string, RequestState>>(new Map());
  const mark = (id: string, state: RequestState | null) =>
    setAnswered((before) => {
      const next = new Map(before);
      if (state) next.set(id, state);
      else next.delete(id);
      return next;
    });
  const answer = ({ id, person_name: person, title_name: title }: AccessRequest, grant: boolean) => {
    const act = async () => {
      try {
        await answerRequest(id, grant);
      } catch (thrown) {
        mark(id, null);
        failed(problemText(toApiError(thrown)));
      }
      await client.invalidateQueries({ queryKey: ['access-requests'] });
      await client.invalidateQueries({ queryKey: ['policy'] });
    };
    undoable({
      message: grant ? t`${person} may watch ${title}.` : t`${person} is refused ${title}.`,
      hide: () => mark(id, grant ? 'granted' : 'denied'),
      show: () => mark(id, null),
      act: () => void act(),
    });
  };
  const states: Readonly<Record<RequestState, readonly [Tone, string]>> = {
    open: ['busy', t`Open`],
    granted: ['ok', t`Granted`],
    denied: ['bad', t`Refused`],
  };
  return (
    <ul className={classes.list}>
      {requests.map((request) => {
        const { id, person_name: person, department, title, title_name: name, note } = request;
        const state = answered.get(id) ?? request.state;
        const by = request.answered_by ?? '';
        return (
          <li key={id} data-request={state}>
            <div className={classes.words}>
              <Text size="sm">
                <strong>{person}</strong>
                {department !== '' && <span className={classes.quiet}> · {department}</span>}
                {!ofOneTitle && (
                  <>
                    {' · '}
                    <Anchor component={Link} to={`/titles/${title}`} size="sm">
                      {name}
                    </Anchor>
                  </>
                )}
              </Text>
              {note !== '' && <p className={classes.note}>“{note}”</p>}
              <Text size="xs" c="dimmed" component="div">
                <Time ms={request.created_ms} />
                {request.answered_ms && (
                  <>
                    {' · '}
                    <Trans>
                      answered by {by}, <Time ms={request.answered_ms} />
                    </Trans>
                  </>
                )}
              </Text>
            </div>
            {state === 'open' ? (
              <Group gap="xs" wrap="nowrap">
                <Button size="xs" variant="default" aria-label={t`Refuse ${person}`} onClick={() => answer(request, false)}>
                  <Trans>Refuse</Trans>
                </Button>
                <Button size="xs" aria-label={t`Grant to ${person}`} onClick={() => answer(request, true)}>
                  <Trans>Grant</Trans>
                </Button>
              </Group>
            ) : (
              <State tone={states[state][0]}>{states[state][1]}</State>
            )}
          </li>
        );
      })}
    </ul>
  );
}
