/** What somebody chose for a campaign, and the body that it stands for. Pure. */

import type { MessageDescriptor } from '@lingui/core';
import { msg } from '@lingui/core/macro';
import type { Schema } from '~/api/client';
import type { FieldProblem } from '~/api/problem';
import { fromLocalInput } from '~/parts/local-time';

export interface CampaignForm {
  readonly title: string;
  readonly everywhere: boolean;
  readonly sites: readonly string[];
  readonly copies: string;
  /** Local times of the person, as the inputs hold them; empty is none. */
  readonly begin: string;
  readonly deadline: string;
  readonly until: string;
}

export const USUAL: CampaignForm = {
  title: '',
  everywhere: true,
  sites: [],
  copies: '2',
  begin: '',
  deadline: '',
  until: '',
};

const TITLE_FIX: MessageDescriptor = msg`Choose the title that the sites are to hold.`;
const COPIES_FIX: MessageDescriptor = msg`Give a whole number, 1 to 8.`;
const TIME_FIX: MessageDescriptor = msg`Give a date and a time.`;

/** The body, or what is missing in it; what is allowed the server says. */
export function campaignBody(
  form: CampaignForm,
  say: (text: MessageDescriptor) => string,
): { body: Schema<'CampaignBody'> } | { wrong: FieldProblem[] } {
  const copies = /^\d{1,5}$/.test(form.copies.trim()) ? Number(form.copies) : null;
  const moments = (['begin', 'deadline', 'until'] as const).map((name) => ({ name, ms: fromLocalInput(form[name]) }));
  const wrong: FieldProblem[] = [];
  if (form.title === '') wrong.push({ pointer: '/title', code: 'required', fix: say(TITLE_FIX) });
  if (copies === null) wrong.push({ pointer: '/replicas', code: 'not_a_number', fix: say(COPIES_FIX) });
  for (const { name, ms } of moments) {
    if (form[name] !== '' && ms === null) wrong.push({ pointer: POINTERS[name], code: 'not_a_time', fix: say(TIME_FIX) });
  }
  if (wrong.length > 0 || copies === null) return { wrong };
  const [begin, deadline, until] = moments.map(({ ms }) => ms);
  return {
    body: {
      title: form.title,
      sites: form.everywhere ? null : [...form.sites],
      replicas: copies,
      ...(begin && { not_before_ms: begin }),
      ...(deadline && { deadline_ms: deadline }),
      ...(until && { until_ms: until }),
    },
  };
}

const POINTERS = { begin: '/not_before_ms', deadline: '/deadline_ms', until: '/until_ms' } as const;
