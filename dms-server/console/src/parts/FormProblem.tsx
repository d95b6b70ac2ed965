/** Why a form was not taken: the sentence, the code, where, the request's id, and how what has no input is put right. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Code, Group, Text } from '@mantine/core';
import type { ApiError, FieldProblem } from '~/api/problem';
import { CopyButton } from './CopyButton';
import { Notice } from './Notice';

interface Props {
  readonly error: ApiError;
  readonly title: string;
  /** What stands at no input. */
  readonly rest?: readonly FieldProblem[];
  /** The names of the inputs that are wrong. */
  readonly places?: readonly string[];
}

export function FormProblem({ error, title, rest = [], places = [] }: Props) {
  const { t, i18n } = useLingui();
  const id = error.requestId;
  const names = new Intl.ListFormat(i18n.locale).format(places);
  return (
    <div data-form-problem tabIndex={-1}>
      <Notice kind="bad" title={title}>
        <div>{error.said ? i18n._(error.said) : error.message}</div>
        {places.length > 0 && (
          <div>
            <Trans>See: {names}.</Trans>
          </div>
        )}
        {rest.map((field) => (
          <div key={field.pointer + field.code}>
            <Code>{field.pointer}</Code> {field.fix} <Code>{field.code}</Code>
          </div>
        ))}
        <Group gap={6} mt={4}>
          <Code data-problem-code>{error.code}</Code>
          {id !== null && (
            <>
              <Text size="xs" c="dimmed" span>
                {id}
              </Text>
              <CopyButton value={`${error.code} ${id}`} label={t`Copy the code and the request's id`} />
            </>
          )}
        </Group>
      </Notice>
    </div>
  );
}
