/** What a part of a page shows that could not be loaded: a sentence, the code, the request's id, and another try. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Anchor, Button, Code, Group, Text, Title } from '@mantine/core';
import { IconPlugConnectedX, IconRefresh } from '@tabler/icons-react';
import { toApiError } from '~/api/client';
import { CopyButton } from './CopyButton';
import classes from './EmptyState.module.css';
import { useProblemText } from './problem-text';

interface Props {
  readonly error: unknown;
  readonly retry?: () => unknown;
}

export function ErrorState({ error: thrown, retry }: Props) {
  const { t } = useLingui();
  const problemText = useProblemText();
  const error = toApiError(thrown);
  const code = error.code;
  const id = error.requestId;
  return (
    <div className={classes.empty} role="alert">
      <div className={classes.symbol}>
        <IconPlugConnectedX size={28} stroke={1.5} aria-hidden />
      </div>
      <Title order={2}>
        <Trans>This could not be loaded</Trans>
      </Title>
      <Text size="sm" maw={520}>
        {problemText(error)}
      </Text>
      <Group gap="xs" justify="center">
        {error.status === 0 ? (
          <Code>{code}</Code>
        ) : (
          <Anchor href={`/problems#${code}`} target="_blank" title={t`What this code means`}>
            <Code>{code}</Code>
          </Anchor>
        )}
        {id !== null && (
          <>
            <Code data-request-id={id}>{id}</Code>
            <CopyButton value={`${code} ${id}`} label={t`Copy the code and the request's id`} />
          </>
        )}
      </Group>
      {retry && (
        <Button mt="xs" variant="default" leftSection={<IconRefresh size={16} />} onClick={() => void retry()}>
          <Trans>Try again</Trans>
        </Button>
      )}
    </div>
  );
}
