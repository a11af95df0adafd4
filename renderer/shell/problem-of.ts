/** Whatever was thrown, as the one kind of trouble that screens know. */
import { ORPCError } from '@orpc/client';
import type { Problem, ProblemCode } from '../../electron/contract/problems.ts';
import { problemSchema, VantageError } from '../../electron/contract/problems.ts';
import { PROBLEM_ERROR } from '../../electron/contract/procedure.ts';

/** A problem that this screen itself noticed. */
export function problemHere(code: ProblemCode, detail = ''): Problem {
  return { code, detail, at: new Date().toISOString() };
}

/**
 * `connected`: whether the line was open when it failed. Anything without a code of its own is CONNECTION_LOST while the
 * line is down and INTERNAL otherwise. Technical text stays in `detail`.
 */
export function problemOf(error: unknown, connected = true): Problem {
  if (error instanceof VantageError) {
    const { field, waitSeconds } = error.extra;
    return {
      ...problemHere(error.code, error.detail),
      ...(field === undefined ? {} : { field }),
      ...(waitSeconds === undefined ? {} : { waitSeconds }),
    };
  }
  if (error instanceof ORPCError) {
    if (error.code === PROBLEM_ERROR) {
      const parsed = problemSchema.safeParse(error.data);
      if (parsed.success) return parsed.data;
    }
    if (error.code === 'UNAUTHORIZED') return problemHere('NOT_SIGNED_IN');
    if (error.code === 'FORBIDDEN') return problemHere('NOT_ALLOWED');
    if (error.code === 'BAD_REQUEST') return problemHere('INPUT_INVALID', error.message);
    return problemHere('INTERNAL', error.code);
  }
  if (!connected) return problemHere('CONNECTION_LOST');
  return problemHere('INTERNAL', error instanceof Error ? error.name : '');
}
