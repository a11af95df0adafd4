/** SQLite's and the file system's errors as problems with a code; whatever is neither stays what it is. */
import { VantageError } from '../../contract/index.ts';
import type { ProblemCode } from '../../contract/index.ts';

const BY_PREFIX: readonly (readonly [prefix: string, code: ProblemCode])[] = [
  ['SQLITE_FULL', 'DISK_FULL'],
  ['ENOSPC', 'DISK_FULL'],
  ['EDQUOT', 'DISK_FULL'],
  // The index of a log that is read beside its file takes 32 KiB.
  ['SQLITE_IOERR_SHMSIZE', 'DISK_FULL'],
  ['SQLITE_IOERR', 'DISK_FAILED'],
  ['SQLITE_READONLY', 'DISK_FAILED'],
  ['SQLITE_CANTOPEN', 'DISK_FAILED'],
  ['EIO', 'DISK_FAILED'],
  ['EROFS', 'DISK_FAILED'],
  ['EACCES', 'DISK_FAILED'],
  ['EISDIR', 'STORE_OBSTRUCTED'],
  ['ENOTDIR', 'STORE_OBSTRUCTED'],
  ['ELOOP', 'STORE_OBSTRUCTED'],
  ['SQLITE_CORRUPT', 'STORE_DAMAGED'],
  ['SQLITE_NOTADB', 'STORE_DAMAGED'],
  ['SQLITE_BUSY', 'SECOND_INSTANCE'],
  ['SQLITE_LOCKED', 'SECOND_INSTANCE'],
];

export function storeProblem(error: unknown): unknown {
  const code = codeOf(error);
  const found = BY_PREFIX.find(([prefix]) => code.startsWith(prefix));
  // SQLite's own texts name tables and files, never values.
  return found === undefined ? error : new VantageError(found[1], code, { cause: error });
}

/** SQLite's (`SQLITE_NOTADB`) or Node's (`ENOSPC`) code, or ''. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
