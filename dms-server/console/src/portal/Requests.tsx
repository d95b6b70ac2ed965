/** What somebody asked to be let in to, and what came of it. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Anchor } from '@mantine/core';
import { State, type Tone } from '~/parts/State';
import { Time } from '~/parts/Time';
import type { Waiting } from './asked';
import type { MyRequest } from './queries';
import { watchAddress } from './rows';
import classes from './pages/Pages.module.css';

interface Props {
  readonly requests: readonly MyRequest[];
  /** Those that the server does not list, as nobody has answered them. */
  readonly waits: readonly Waiting[];
}

export function Requests({ requests, waits }: Props) {
  const { t } = useLingui();
  const states: Readonly<Record<MyRequest['state'], readonly [Tone, string]>> = {
    open: ['busy', t`Waits for an answer`],
    granted: ['ok', t`You were let in`],
    denied: ['bad', t`Refused`],
  };
  return (
    <ul className={classes.requests}>
      {waits.map(({ title, askedMs }) => (
        <li key={title} data-request="open">
          <div className={classes.grow}>
            <Anchor href={watchAddress(title)} size="sm" fw={550}>
              {t`A video that is not for you yet`}
            </Anchor>
            <div className={classes.quiet}>
              <Trans>
                asked <Time ms={askedMs} />
              </Trans>
            </div>
          </div>
          <State tone={states.open[0]}>{states.open[1]}</State>
        </li>
      ))}
      {requests.map(({ id, title, title_name: name, note, state, created_ms: askedMs, answered_ms: answered }) => {
        const [tone, said] = states[state];
        return (
          <li key={id} data-request={state}>
            <div className={classes.grow}>
              <Anchor href={watchAddress(title)} size="sm" fw={550}>
                {name ?? t`A video that is not for you yet`}
              </Anchor>
              <div className={classes.quiet}>
                {note !== '' && <>“{note}” </>}
                {answered ? (
                  <Trans>
                    answered <Time ms={answered} />
                  </Trans>
                ) : (
                  <Trans>
                    asked <Time ms={askedMs} />
                  </Trans>
                )}
                {state === 'denied' && (
                  <>
                    {' '}
                    <Trans>After a day you can ask again.</Trans>
                  </>
                )}
              </div>
            </div>
            <State tone={tone}>{said}</State>
          </li>
        );
      })}
    </ul>
  );
}
