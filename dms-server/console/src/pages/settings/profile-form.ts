/** The form of a transcode profile: texts as they are typed, and the body that they make. Pure. */

import type { Schema } from '~/api/client';
import type { FieldProblem } from '~/api/problem';

export interface ProfileForm {
  readonly name: string;
  readonly default: boolean;
  readonly max_height: string;
  readonly bit_rate_percent: string;
  readonly max_frame_rate: string;
  readonly audio_kbit: string;
}

export const NUMBERS = ['max_height', 'bit_rate_percent', 'max_frame_rate', 'audio_kbit'] as const;

export const NEW_PROFILE: ProfileForm = {
  name: '',
  default: false,
  max_height: '720',
  bit_rate_percent: '100',
  max_frame_rate: '30',
  audio_kbit: '96',
};

export function formOf(profile: Schema<'Profile'>): ProfileForm {
  return {
    name: profile.name,
    default: profile.default,
    max_height: String(profile.max_height),
    bit_rate_percent: String(profile.bit_rate_percent),
    max_frame_rate: String(profile.max_frame_rate),
    audio_kbit: String(profile.audio_kbit),
  };
}

/** The numbers, or the fields that are none; their ranges are the server's matter. */
export function numbersOf(form: ProfileForm, fix: string): Schema<'Numbers'> | FieldProblem[] {
  const wrong = NUMBERS.filter((name) => !/^\d{1,4}$/.test(form[name].trim()));
  if (wrong.length > 0) return wrong.map((name) => ({ pointer: `/${name}`, code: 'not_a_number', fix }));
  const number = (name: (typeof NUMBERS)[number]) => Number(form[name]);
  return {
    max_height: number('max_height'),
    bit_rate_percent: number('bit_rate_percent'),
    max_frame_rate: number('max_frame_rate'),
    audio_kbit: number('audio_kbit'),
  };
}
