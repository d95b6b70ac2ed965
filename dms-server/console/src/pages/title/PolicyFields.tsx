/** The fields of a policy, by question: who, where, when, how. */

import { Trans, useLingui } from '@lingui/react/macro';
import { Checkbox, MultiSelect, NumberInput, Radio, Select, SimpleGrid, Stack, Text, Textarea, TextInput } from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { Panel } from '~/parts/Panel';
import { useRolesThatMay } from '~/session/roles';
import { type useChoices, withChosen } from './choices';
import type { PolicyForm } from './policy-form';

interface Props {
  readonly form: UseFormReturnType<PolicyForm>;
  readonly choices: ReturnType<typeof useChoices>;
}

/** Heights that renditions have. */
const HEIGHTS = ['360', '480', '720', '1080', '1440', '2160'];

export function PolicyFields({ form, choices }: Props) {
  return (
    <>
      <Who form={form} choices={choices} />
      <Where form={form} choices={choices} />
      <When form={form} />
      <How form={form} choices={choices} />
    </>
  );
}

function Who({ form, choices }: Props) {
  const { t } = useLingui();
  const { audience, groups, people } = form.values;
  const lister = useRolesThatMay('read_people').join(', ');
  return (
    <Panel title={t`Who`}>
      <Stack>
        <Radio.Group aria-label={t`Who`} {...form.getInputProps('audience')}>
          <Stack gap="xs">
            <Radio value="everybody" label={t`Everybody in the company`} />
            <Radio value="named" label={t`Only these groups and people`} />
          </Stack>
        </Radio.Group>
        {audience === 'named' && !choices.mayListPeople && (
          <Text size="sm" c="dimmed">
            <Trans>Groups and people are listed for these roles: {lister}. What is chosen already stays.</Trans>
          </Text>
        )}
        {audience === 'named' && (
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <MultiSelect
              label={t`Groups`}
              data={withChosen(choices.groups, groups)}
              searchable
              clearable
              nothingFoundMessage={t`No group is called so`}
              clearButtonProps={{ 'aria-label': t`Clear` }}
              {...form.getInputProps('groups')}
            />
            <MultiSelect
              label={t`People`}
              data={withChosen(choices.people, people)}
              searchable
              clearable
              nothingFoundMessage={t`Nobody is called so`}
              clearButtonProps={{ 'aria-label': t`Clear` }}
              {...form.getInputProps('people')}
            />
          </SimpleGrid>
        )}
      </Stack>
    </Panel>
  );
}

function Where({ form, choices }: Props) {
  const { t } = useLingui();
  const { places, sites } = form.values;
  return (
    <Panel title={t`Where`}>
      <Stack>
        <Radio.Group aria-label={t`Where`} {...form.getInputProps('places')}>
          <Stack gap="xs">
            <Radio value="anywhere" label={t`Everywhere`} />
            <Radio value="within" label={t`Only at these places`} />
          </Stack>
        </Radio.Group>
        {places === 'within' && (
          <>
            <MultiSelect
              label={t`Sites`}
              data={withChosen(choices.sites, sites)}
              searchable
              clearable
              nothingFoundMessage={t`No site is called so`}
              clearButtonProps={{ 'aria-label': t`Clear` }}
              {...form.getInputProps('sites')}
            />
            <Checkbox label={t`The company's VPN counts as inside`} {...form.getInputProps('vpn', { type: 'checkbox' })} />
          </>
        )}
      </Stack>
    </Panel>
  );
}

function When({ form }: Pick<Props, 'form'>) {
  const { t } = useLingui();
  return (
    <Panel title={t`When`}>
      <SimpleGrid cols={{ base: 1, sm: 2 }}>
        <TextInput
          type="datetime-local"
          label={t`From`}
          description={t`Publishers may preview before.`}
          {...form.getInputProps('from')}
        />
        <TextInput
          type="datetime-local"
          label={t`Until`}
          description={t`The first moment after.`}
          {...form.getInputProps('until')}
        />
        <TextInput
          type="datetime-local"
          label={t`Embargo until`}
          description={t`Nobody gets a key before, publishers included.`}
          {...form.getInputProps('embargo')}
        />
      </SimpleGrid>
    </Panel>
  );
}

function How({ form, choices }: Props) {
  const { t } = useLingui();
  const { plan, collection } = form.values;
  return (
    <Panel title={t`How`}>
      <Stack>
        <SimpleGrid cols={{ base: 1, sm: 3 }}>
          <Select
            label={t`Best quality`}
            allowDeselect={false}
            data={[
              { value: '', label: t`Any` },
              ...HEIGHTS.map((height) => ({ value: height, label: `${height}p` })),
            ]}
            {...form.getInputProps('maxHeight')}
          />
          <NumberInput label={t`Days offline`} description={t`0: not at all`} min={0} max={365} {...form.getInputProps('offlineDays')} />
          <NumberInput label={t`Streams of one person`} description={t`0: any number`} min={0} max={100} {...form.getInputProps('streams')} />
        </SimpleGrid>
        <Checkbox
          label={t`Other players may play it`}
          description={t`VLC, browsers and others, through the local player`}
          {...form.getInputProps('thirdParty', { type: 'checkbox' })}
        />
        <Textarea
          label={t`Pages that may show it in a frame`}
          description={t`One address a line, such as https://intranet.example; * for any page. Empty: pages of this server.`}
          autosize
          minRows={2}
          maxRows={8}
          {...form.getInputProps('embed')}
        />
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          <Select
            label={t`Plan`}
            allowDeselect={false}
            data={[
              { value: 'free', label: t`Free` },
              { value: 'subscription', label: t`Needs a subscription` },
              { value: 'rental', label: t`Needs a rental` },
            ]}
            {...form.getInputProps('plan')}
          />
          {plan === 'subscription' && (
            <Select
              label={t`Collection`}
              data={withChosen(choices.collections, collection ? [collection] : [])}
              {...form.getInputProps('collection')}
            />
          )}
          {plan === 'rental' && (
            <NumberInput label={t`Hours from the first play`} min={1} max={8760} {...form.getInputProps('rentalHours')} />
          )}
        </SimpleGrid>
      </Stack>
    </Panel>
  );
}
