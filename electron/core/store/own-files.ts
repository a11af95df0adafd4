/** What lies in a clinic's folder under the names of its own files. Looked at before anything is opened. */
import { closeSync, existsSync, lstatSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { VantageError } from '../../contract/index.ts';
import { CHECK_FILE, STORE_FILE } from './cipher-file.ts';
import { namesIn } from './durable-file.ts';

const PREFIX = 'clinic.';
const JOURNAL = `${STORE_FILE}-journal`;
const LOG = `${STORE_FILE}-wal`;
const HEADER_BYTES = 28;
/** Where a journal's header says how long it is, with what fills it up. */
const SECTOR_AT = 20;
const SALT_BYTES = 16;

/**
 * A folder can't be read as a file, and through a link another file would be written to or its place be lost when the clinic's own is
 * replaced. A journal that is none of the clinic's SQLite would roll back into the file.
 * @param names of what lies there. @throws VantageError STORE_OBSTRUCTED, with the name; nothing was touched
 */
export function assertOwnFiles(directory: string, names = namesIn(directory)): void {
  for (const name of names) {
    if (!name.startsWith(PREFIX)) continue;
    const found = lstatSync(join(directory, name), { throwIfNoEntry: false });
    if (found === undefined || found.isFile()) continue;
    const what = found.isDirectory() ? 'a folder' : found.isSymbolicLink() ? 'a link' : 'no file';
    throw new VantageError('STORE_OBSTRUCTED', `${name} is ${what}`);
  }
  if (names.has(JOURNAL) && !isHarmless(directory))
    throw new VantageError('STORE_OBSTRUCTED', `${JOURNAL} is not this clinic’s`);
}

/**
 * The file has a journal of its own only while it is made, and while one that was restored gets its log; a kill leaves it then. It begins
 * with the first page, and that with the file's salt (SQLite, Database File Format, section 3; SQLCipher leaves the salt as it is).
 * SQLite takes no notice of one that is empty or begins with a zero.
 */
function isHarmless(directory: string): boolean {
  const header = bytesOf(join(directory, JOURNAL), 0, HEADER_BYTES);
  if (header.length === 0 || header[0] === 0) return true;
  // Before the first start was over there is no check value, and nothing of anybody's in the file.
  if (!existsSync(join(directory, CHECK_FILE))) return true;
  if (header.length < HEADER_BYTES || sizeOf(join(directory, LOG)) > 0) return false;
  const first = bytesOf(join(directory, JOURNAL), header.readUInt32BE(SECTOR_AT), 4 + SALT_BYTES);
  if (first.length < 4 + SALT_BYTES || first.readUInt32BE(0) !== 1) return false;
  return first.subarray(4).equals(bytesOf(join(directory, STORE_FILE), 0, SALT_BYTES));
}

/** As many as there are. */
function bytesOf(path: string, from: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  const descriptor = openSync(path, 'r');
  try {
    return bytes.subarray(0, readSync(descriptor, bytes, 0, length, from));
  } finally {
    closeSync(descriptor);
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
