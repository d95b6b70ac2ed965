/** A form that is sent: what is wrong with it stands at the inputs, and the first of them has the focus. */

import { useLingui } from '@lingui/react/macro';
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, type RefObject, useEffect, useRef } from 'react';
import { toApiError } from '~/api/client';
import { ApiError, type FieldProblem } from '~/api/problem';
import { FormProblem } from './FormProblem';
import { belongs } from './pointers';

export interface Sending {
  readonly form: RefObject<HTMLFormElement | null>;
  readonly busy: boolean;
  readonly error: ApiError | null;
  /** What is wrong with the input of this part of the body, for the input's `error`. */
  readonly at: (pointer: string) => ReactNode;
  /** The problem, with what no input stands for; null when there is none. */
  readonly problem: ReactNode;
  readonly submit: (event?: FormEvent) => void;
  readonly reset: () => void;
}

/** What a form finds wrong itself, in the shape in which the server says it. */
export function wrong(detail: string, errors: FieldProblem[]): ApiError {
  return new ApiError(400, { code: 'invalid_form', detail, errors });
}

/**
 * `send` sends the form (or throws what is wrong with it), `then` is called with the answer; `places` are the parts of
 * the body that have an input, each with its name for people.
 */
export function useSending<Answer>(
  send: () => Promise<Answer>,
  then: (answer: Answer) => void,
  places: Readonly<Record<string, string>>,
  /** Says which item of a list a problem is about, such as the line of a text. */
  item: (field: FieldProblem) => string | null = () => null,
): Sending {
  const { t } = useLingui();
  const form = useRef<HTMLFormElement>(null);
  const mutation = useMutation({ mutationFn: send, onSuccess: then });
  const error = mutation.error ? toApiError(mutation.error) : null;
  useEffect(() => {
    if (!mutation.error) return;
    const first = (of: string) => form.current?.querySelector<HTMLElement>(of);
    (first('[aria-invalid="true"]') ?? first('[data-form-problem]'))?.focus();
  }, [mutation.error]);
  const at = (pointer: string) => {
    const found = error?.fields.filter((field) => belongs(field.pointer, pointer)) ?? [];
    if (found.length === 0) return undefined;
    return found.map((field) => {
      const which = item(field);
      return (
        <span key={field.pointer + field.code} style={{ display: 'block' }}>
          {which !== null && <strong>{which}: </strong>}
          {field.fix} <code>{field.code}</code>
        </span>
      );
    });
  };
  const named = Object.keys(places);
  const rest = error?.fields.filter((field) => !named.some((place) => belongs(field.pointer, place))) ?? [];
  const wrongPlaces = named.filter((place) => error?.fields.some((field) => belongs(field.pointer, place)));
  const problem = error && (
    <FormProblem error={error} rest={rest} places={wrongPlaces.map((place) => places[place] ?? place)} title={t`Not saved`} />
  );
  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    if (!mutation.isPending) mutation.mutate();
  };
  return { form, busy: mutation.isPending, error, at, problem, submit, reset: mutation.reset };
}
