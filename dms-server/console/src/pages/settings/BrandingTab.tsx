/** The organisation's name, accent colour and logo on the pages. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Button, FileButton, Group, Stack, Table, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconTrash, IconUpload } from '@tabler/icons-react';
import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, ask, type Schema, toApiError } from '~/api/client';
import { ErrorState } from '~/parts/ErrorState';
import { FormProblem } from '~/parts/FormProblem';
import { count } from '~/parts/format';
import { Loading } from '~/parts/Loading';
import { Panel } from '~/parts/Panel';
import { useProblemText } from '~/parts/problem-text';
import { reversible } from '~/parts/reversible';
import { useSending } from '~/parts/sending';
import { State } from '~/parts/State';
import { done, failed, undoable } from '~/parts/toast';
import classes from './Branding.module.css';

type Branding = Schema<'Branding'>;

const KEY = ['branding'];

/** What the server takes; it looks at the bytes. */
const ACCEPT = 'image/png,image/webp';

/** The colour that the pages are drawn with, for the picker. */
const PLAIN = '#1a659f';

const COLOUR = /^#[0-9a-f]{6}$/i;

/** How long nobody types before the server is asked, ms. */
const SETTLE_MS = 250;

export default function BrandingTab() {
  const branding = useQuery({ queryKey: KEY, queryFn: () => ask(api.GET('/api/v1/branding')) });
  if (branding.isPending) return <Loading rows={4} />;
  if (branding.isError && branding.data === undefined) return <ErrorState error={branding.error} retry={branding.refetch} />;
  return (
    <Stack gap="lg">
      <Look branding={branding.data} />
      <Logo address={branding.data.logo ?? null} />
      <Text size="sm" c="dimmed">
        <Trans>The portal, the sign-in form, the console and the watch page show it from their next load on.</Trans>
      </Text>
    </Stack>
  );
}

function put({ name, accent }: { name: string; accent: string }, edition: number): Promise<Branding> {
  const params = { header: { 'if-match': `"${edition}"` } };
  return ask(api.PUT('/api/v1/branding', { params, body: { name, accent } }));
}

function Look({ branding }: { branding: Branding }) {
  const { t } = useLingui();
  const client = useQueryClient();
  const problemText = useProblemText();
  const [name, setName] = useState(branding.name);
  const [accent, setAccent] = useState(branding.accent);
  const show = (written: Branding) => {
    client.setQueryData(KEY, written);
    setName(written.name);
    setAccent(written.accent);
  };
  const takeBack = async (edition: number) => {
    try {
      show(await put(branding, edition));
      done(<Trans>The change was taken back.</Trans>);
    } catch (error) {
      const problem = toApiError(error);
      failed(t`The change was not taken back. ${problemText(problem)} (${problem.code})`);
      await client.invalidateQueries({ queryKey: KEY });
    }
  };
  const sending = useSending(
    () => put({ name, accent: accent.trim() }, branding.edition),
    (written) => {
      show(written);
      reversible(<Trans>Name and colour were saved.</Trans>, () => void takeBack(written.edition));
    },
    { '/name': t`Organisation`, '/accent': t`Accent colour` },
  );
  const typed = accent.trim();
  return (
    <Panel title={t`Name and colour`}>
      <form ref={sending.form} onSubmit={sending.submit} noValidate>
        <Stack>
          {sending.problem}
          <TextInput
            label={t`Organisation`}
            description={t`At most 40 characters; without one the pages say what they are.`}
            maw={420}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
            error={sending.at('/name')}
          />
          <Group align="flex-start">
            <TextInput
              label={t`Accent colour`}
              description={t`Such as #2775b5; without one the pages keep theirs.`}
              w={320}
              value={accent}
              onChange={(event) => setAccent(event.currentTarget.value)}
              error={sending.at('/accent')}
            />
            <input
              type="color"
              className={classes.picker}
              aria-label={t`Pick the accent colour`}
              value={COLOUR.test(typed) ? typed.toLowerCase() : PLAIN}
              onChange={(event) => setAccent(event.currentTarget.value)}
            />
          </Group>
          {COLOUR.test(typed) && <Contrast accent={typed} take={setAccent} />}
          <Group justify="flex-end">
            <Button type="submit" loading={sending.busy}>
              <Trans>Save</Trans>
            </Button>
          </Group>
        </Stack>
      </form>
    </Panel>
  );
}

/** How the colour stands out, what is made of it, and the nearest that does. */
function Contrast({ accent, take }: { accent: string; take: (colour: string) => void }) {
  const { t, i18n } = useLingui();
  const [asked] = useDebouncedValue(accent, SETTLE_MS);
  const judged = useQuery({
    queryKey: ['accent', asked],
    queryFn: () => ask(api.POST('/api/v1/branding/accent', { body: { accent: asked } })),
    placeholderData: keepPreviousData,
    retry: false,
  });
  if (!judged.data) return null;
  const { on_white: white, on_dark: dark, passes, nearest, text_light: light, text_dark: onDark, solid } = judged.data;
  const rows = [
    { on: t`on white`, contrast: white, schema: 'light', text: light },
    { on: t`on the dark background`, contrast: dark, schema: 'dark', text: onDark },
  ] as const;
  return (
    <Stack gap="sm">
      <Table aria-label={t`Contrast`} maw={640}>
        <Table.Tbody>
          {rows.map(({ on, contrast, schema, text }) => (
            <Table.Tr key={schema}>
              <Table.Th scope="row">{on}</Table.Th>
              <Table.Td className="tabular">{count(contrast, i18n.locale)} : 1</Table.Td>
              <Table.Td>
                {contrast >= 3 ? <State tone="ok">{t`passes`}</State> : <State tone="bad">{t`too little, 3 are needed`}</State>}
              </Table.Td>
              <Table.Td>
                <span className={classes.sample} data-schema={schema} aria-hidden>
                  <span className={classes.dot} style={{ background: accent }} />
                  <span style={{ color: text }}>{t`Link`}</span>
                  <span className={classes.solid} style={{ background: solid }}>{t`Button`}</span>
                </span>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {!passes && (
        <Group gap="sm">
          <Text size="sm">
            <Trans>The nearest colour that passes:</Trans>
          </Text>
          <Button
            size="xs"
            variant="default"
            leftSection={<span className={classes.dot} style={{ background: nearest }} />}
            onClick={() => take(nearest)}
          >
            <Trans>Take {nearest}</Trans>
          </Button>
        </Group>
      )}
    </Stack>
  );
}

function Logo({ address }: { address: string | null }) {
  const { t } = useLingui();
  const client = useQueryClient();
  const problemText = useProblemText();
  const [hidden, setHidden] = useState(false);
  const send = useMutation({
    mutationFn: (file: File) =>
      ask(
        api.PUT('/api/v1/branding/logo', {
          // A file is sent as it is, whatever the description calls it.
          body: file as never,
          bodySerializer: () => file,
          headers: { 'content-type': 'application/octet-stream' },
        }),
      ),
    onSuccess: () => {
      done(<Trans>The logo was saved.</Trans>);
      return client.invalidateQueries({ queryKey: KEY });
    },
  });
  const remove = () => {
    const act = async () => {
      try {
        await ask(api.DELETE('/api/v1/branding/logo', { keepalive: true }));
      } catch (error) {
        const problem = toApiError(error);
        failed(t`The logo was not removed. ${problemText(problem)} (${problem.code})`);
      }
      await client.invalidateQueries({ queryKey: KEY });
      setHidden(false);
    };
    undoable({
      message: <Trans>The logo is being removed.</Trans>,
      act: () => void act(),
      hide: () => setHidden(true),
      show: () => setHidden(false),
    });
  };
  const shown = hidden ? null : address;
  return (
    <Panel title={t`Logo`}>
      <Stack>
        {send.isError && <FormProblem error={toApiError(send.error)} title={t`The logo was not saved`} />}
        <Text size="sm" c="dimmed">
          <Trans>
            PNG or WebP, at most 256 kB, each side 16 to 1024 pixels. No SVG: it may bring scripts and links of its own.
          </Trans>
        </Text>
        {shown === null ? (
          <Text size="sm">
            <Trans>There is no logo; the pages show their own mark.</Trans>
          </Text>
        ) : (
          <Group gap="sm">
            <span className={classes.frame} data-schema="light">
              <img src={shown} alt={t`The logo on white`} />
            </span>
            <span className={classes.frame} data-schema="dark">
              <img src={shown} alt={t`The logo on the dark background`} />
            </span>
          </Group>
        )}
        <Group>
          <FileButton accept={ACCEPT} onChange={(file) => file && send.mutate(file)}>
            {(props) => (
              <Button {...props} variant="default" leftSection={<IconUpload size={16} />} loading={send.isPending}>
                <Trans>Choose a logo</Trans>
              </Button>
            )}
          </FileButton>
          {shown !== null && (
            <Button variant="subtle" color="red" leftSection={<IconTrash size={16} />} onClick={remove}>
              <Trans>Remove the logo</Trans>
            </Button>
          )}
        </Group>
      </Stack>
    </Panel>
  );
}
