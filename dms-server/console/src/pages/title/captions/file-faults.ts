/** Faults of a file as the server names them. Pure. */

import type { ApiError } from '~/api/problem';

export interface FileFault {
  readonly code: string;
  readonly line: number;
  readonly column: number;
  /** The cue, from 1; 0: before the first. */
  readonly cue: number;
  readonly fix: string;
}

/** The faults of a refusal: its pointers are `line:column`, its sentences begin with the cue. */
export function faultsOfProblem({ fields }: ApiError): FileFault[] {
  return fields.flatMap(({ pointer, code, fix }) => {
    const place = /^(\d+):(\d+)$/.exec(pointer);
    if (!place) return [];
    const cue = /^Cue (\d+): /.exec(fix);
    const [, line, column] = place.map(Number);
    const rest = cue ? fix.slice(cue[0].length) : fix;
    return [{ code, line: line ?? 0, column: column ?? 0, cue: Number(cue?.[1] ?? 0), fix: rest }];
  });
}
