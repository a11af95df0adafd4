/** From anything thrown to what a screen is told. */
import type { Problem, ProblemCode } from '../contract/index.ts';
import { PROBLEMS, VantageError } from '../contract/index.ts';
import { storeProblem } from './store/store-problem.ts';

/** The code of anything thrown; errors that crossed a process boundary carry it as `code` or in `data`. */
export function codeOf(error: unknown): ProblemCode {
  if (error instanceof VantageError) return error.code;
  if (typeof error === 'object' && error !== null) {
    const data = 'data' in error && typeof error.data === 'object' && error.data !== null ? error.data : {};
    for (const candidate of ['code' in error ? error.code : null, 'code' in data ? data.code : null]) {
      if (typeof candidate === 'string' && Object.hasOwn(PROBLEMS, candidate)) return candidate as ProblemCode;
    }
  }
  // A full or failing disk under a statement that nobody wrapped.
  const stored = storeProblem(error);
  return stored instanceof VantageError ? stored.code : 'INTERNAL';
}

/** A problem for a screen from anything thrown. Details of unexpected errors stay in the log. */
export function problemFrom(error: unknown, now: Date): Problem {
  const at = now.toISOString();
  if (error instanceof VantageError)
    return { code: error.code, detail: error.detail.slice(0, 500), at, ...error.extra };
  return { code: codeOf(error), detail: '', at };
}
