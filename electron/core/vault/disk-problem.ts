/** What a disk's refusal means to a person: full, or failing. */
import { VantageError } from '../../contract/index.ts';
import { codeOf, storeProblem } from '../store/store-problem.ts';

/**
 * Turns whatever the file system or SQLite threw into a {@link VantageError}: no room is DISK_FULL, anything unknown is
 * DISK_FAILED. A VantageError stays what it is. The detail holds the system's code and call, never a path.
 */
export function asDiskProblem(error: unknown): VantageError {
  const known = storeProblem(error);
  if (known instanceof VantageError) return known;
  const call = error instanceof Error && 'syscall' in error ? String(error.syscall) : '';
  return new VantageError('DISK_FAILED', [codeOf(error), call].filter(Boolean).join(' '), { cause: error });
}
