/** Changing what a title is called and about. What somebody else changed meanwhile is not overwritten. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, Group, Modal, Stack, TagsInput, Textarea, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, ask, toApiError } from '~/api/client';
import { ErrorState } from '~/parts/ErrorState';
import { Loading } from '~/parts/Loading';
import { Notice } from '~/parts/Notice';
import { useProblemText } from '~/parts/problem-text';
import { done } from '~/parts/toast';
import type { Title } from '~/api/titles';

/** What the server takes. */
const TAGS_MAX = 20;
const NAME_MAX = 200;
const DESCRIPTION_MAX = 5_000;

export function EditTitle({ id, close }: { id: string; close: () => void }) {
  const { t } = useLingui();
  // As it is now, with the mark of this state of it.
  const now = useQuery({
    queryKey: ['titles', 'edit', id],
    queryFn: async () => {
      const answer = api.GET('/api/v1/titles/{title}', { params: { path: { title: id } } });
      const title = await ask(answer);
      return { title, etag: (await answer).response.headers.get('etag') };
    },
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  });
  return (
    <Modal opened onClose={close} size="lg" title={t`Name and description`} closeButtonProps={{ 'aria-label': t`Close` }}>
      {now.isPending && <Loading rows={3} />}
      {now.isError && <ErrorState error={now.error} retry={now.refetch} />}
      {now.data && <Form title={now.data.title} etag={now.data.etag} close={close} />}
    </Modal>
  );
}

function Form({ title, etag, close }: { title: Title; etag: string | null; close: () => void }) {
  const { t } = useLingui();
  const client = useQueryClient();
  const problemText = useProblemText();
  const form = useForm({
    initialValues: { title: title.title, description: title.description ?? '', tags: [...(title.tags ?? [])] },
  });
  const write = useMutation({
    mutationFn: (body: typeof form.values) => {
      const params = { path: { title: title.id }, ...(etag !== null && { header: { 'if-match': etag } }) };
      return ask(api.PATCH('/api/v1/titles/{title}', { params, body }));
    },
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: ['titles'] });
      done(t`Saved.`);
      close();
    },
    onError: (thrown) => {
      for (const { pointer, fix } of toApiError(thrown).fields) {
        const field = /^\/(title|description|tags)/.exec(pointer)?.[1];
        if (field) form.setFieldError(field, fix);
      }
    },
  });
  return (
    <form onSubmit={form.onSubmit((values) => write.mutate(values))}>
      <Stack>
        <TextInput label={t`Name`} required maxLength={NAME_MAX} data-autofocus {...form.getInputProps('title')} />
        <Textarea
          label={t`Description`}
          description={t`What it is about; search finds it by these words, too.`}
          autosize
          minRows={3}
          maxRows={12}
          maxLength={DESCRIPTION_MAX}
          {...form.getInputProps('description')}
        />
        <TagsInput
          label={t`Tags`}
          description={t`Enter ends a tag.`}
          maxTags={TAGS_MAX}
          clearable
          clearButtonProps={{ 'aria-label': t`Clear` }}
          {...form.getInputProps('tags')}
        />
        {write.isError && <Notice kind="bad">{problemText(toApiError(write.error))}</Notice>}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            <Trans>Cancel</Trans>
          </Button>
          <Button type="submit" loading={write.isPending} disabled={!form.isDirty()}>
            <Trans>Save</Trans>
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
