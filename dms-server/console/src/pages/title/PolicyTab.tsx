/** Who may see a title, where, when and how; with what that means for one person, before it is saved. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, Group, Stack, Text } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, ask, type Schema, toApiError } from '~/api/client';
import type { Title } from '~/api/titles';
import { ErrorState } from '~/parts/ErrorState';
import { Loading } from '~/parts/Loading';
import { Notice } from '~/parts/Notice';
import { useProblemText } from '~/parts/problem-text';
import { TitleRequests } from '~/pages/requests/TitleRequests';
import { Time } from '~/parts/Time';
import { done } from '~/parts/toast';
import { PolicyFields } from './PolicyFields';
import { PreviewAs } from './PreviewAs';
import { useChoices } from './choices';
import { conflicts, fieldOf, type PolicyForm, remarks, toForm, toPolicy } from './policy-form';
import classes from './Title.module.css';
import { useConflictTexts } from './conflict-texts';

export function PolicyTab({ title }: { title: Title }) {
  const policy = useQuery({
    queryKey: ['policy', title.id],
    queryFn: () => ask(api.GET('/api/v1/titles/{title}/policy', { params: { path: { title: title.id } } })),
    // What is being typed is not replaced by what was just written elsewhere.
    refetchOnWindowFocus: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (policy.isPending) return <Loading rows={5} />;
  if (policy.isError) return <ErrorState error={policy.error} retry={policy.refetch} />;
  return (
    <Stack gap="lg">
      <TitleRequests title={title.id} />
      <PolicyEditor key={policy.dataUpdatedAt} title={title} view={policy.data} />
    </Stack>
  );
}

function PolicyEditor({ title, view }: { title: Title; view: Schema<'PolicyView'> }) {
  const { t } = useLingui();
  const client = useQueryClient();
  const problemText = useProblemText();
  const choices = useChoices();
  const texts = useConflictTexts();
  const form = useForm<PolicyForm>({ initialValues: toForm(view.policy) });
  const wrong = conflicts(form.values);
  const write = useMutation({
    mutationFn: (values: PolicyForm) =>
      ask(
        api.PUT('/api/v1/titles/{title}/policy', { params: { path: { title: title.id } }, body: toPolicy(values) }),
      ),
    onSuccess: (written) => {
      client.setQueryData(['policy', title.id], written);
      done(t`The policy is in force now.`);
    },
    onError: (thrown) => {
      for (const { pointer, fix } of toApiError(thrown).fields) {
        const field = fieldOf(pointer);
        if (field) form.setFieldError(field, fix);
      }
    },
  });
  return (
    <div className={classes.columns}>
      <form onSubmit={form.onSubmit((values) => write.mutate(values))} aria-label={t`Policy`}>
        <Stack gap="lg">
          <PolicyFields form={form} choices={choices} />
          {wrong.map((conflict) => (
            <Notice key={conflict} kind="bad">
              {texts.conflict(conflict)}
            </Notice>
          ))}
          {remarks(form.values, Date.now()).map((remark) => (
            <Notice key={remark} kind="warn">
              {texts.remark(remark)}
            </Notice>
          ))}
          {write.isError && <Notice kind="bad">{problemText(toApiError(write.error))}</Notice>}
          <Group justify="space-between">
            <Text size="xs" c="dimmed">
              {view.updated_ms ? (
                <Trans>
                  Written by {view.updated_by ?? '–'}, <Time ms={view.updated_ms} />
                </Trans>
              ) : (
                <Trans>Nobody wrote a policy yet: everybody in the company may watch it, everywhere.</Trans>
              )}
            </Text>
            <Group gap="xs">
              <Button variant="default" disabled={!form.isDirty()} onClick={() => form.reset()}>
                <Trans>Reset</Trans>
              </Button>
              <Button type="submit" disabled={!form.isDirty() || wrong.length > 0} loading={write.isPending}>
                <Trans>Save the policy</Trans>
              </Button>
            </Group>
          </Group>
        </Stack>
      </form>
      <PreviewAs title={title} policy={toPolicy(form.values)} choices={choices} />
    </div>
  );
}
