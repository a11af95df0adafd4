/**
 * Puts another file in the place of the clinic's: a restored one, one with another key, one with what could be saved from a damaged one.
 * The new file is made whole beside the old one first. Then one small file (`clinic.replace`) says that it counts; from there on the
 * next opening finishes what was interrupted. Without it, or when the key of then is still the one in use, whatever lies half-made
 * beside is removed, and the old file was never touched.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { VantageError } from '../../contract/index.ts';
import { ANCHOR_FILE } from './anchor.ts';
import { CHECK_FILE, STORE_FILE, assertNotOpen, checkValueOf } from './cipher-file.ts';
import { copyDurablyNow, namesIn, readIfThere, syncFolder, writeDurably } from './durable-file.ts';
import { deriveKey } from './key-handling.ts';
import { recoveryKeyPath } from './recovery-key.ts';

const JOURNAL_FILE = 'clinic.replace';
export const FORMER_KEYS_FILE = 'clinic.former-keys';
const ASIDE_FOLDER = 'aside';

const journalSchema = z.object({
  version: z.literal(1),
  /** What is in `clinic.check` afterwards, hex: which key the new file has. */
  check: z.string().regex(/^[0-9a-f]{64}$/),
  /** Folder under `aside/` for the old files. null: they go, since nobody shall open them any more. */
  aside: z
    .string()
    .regex(/^[0-9A-Za-z-]{1,80}$/)
    .nullable(),
});
type Journal = z.infer<typeof journalSchema>;

const NEXT_STORE = `${STORE_FILE}.next`;
const SALVAGE_SOURCE = `${NEXT_STORE}-source`;

/** Where the new file is made. */
export function nextStorePath(directory: string): string {
  return join(directory, NEXT_STORE);
}

/** Where the copy of a damaged file lies while what can be read of it goes into the next. */
export function salvageSourcePath(directory: string): string {
  return join(directory, SALVAGE_SOURCE);
}

/** Where its anchor is made. */
export function nextAnchorPath(directory: string): string {
  return join(directory, `${ANCHOR_FILE}.next`);
}

/** Former keys, encrypted under the one of now: see `core/backup/former-keys.ts`. */
export function formerKeysPath(directory: string): string {
  return join(directory, FORMER_KEYS_FILE);
}

/** What changes together with the file, where there is a next one of it. */
const BESIDES = [ANCHOR_FILE, FORMER_KEYS_FILE] as const;

/** All that a replacement makes before it is announced. */
const LEFT: readonly string[] = [
  ...[NEXT_STORE, SALVAGE_SOURCE].flatMap((name) =>
    ['', '-wal', '-shm', '-journal', '-first', '-first-journal'].map((suffix) => `${name}${suffix}`),
  ),
  ...BESIDES.map((name) => `${name}.next`),
];

/** Where the old files lie afterwards. */
export function asidePath(directory: string, name: string): string {
  return join(directory, ASIDE_FOLDER, name);
}

/** Copies the file and its log into `aside/`, durably, whole or not at all; once for each name. Nobody has them open. */
export function keepLogAside(directory: string, name: string): void {
  const folder = asidePath(directory, name);
  if (existsSync(folder)) return;
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true, mode: 0o700 });
  for (const file of [STORE_FILE, `${STORE_FILE}-wal`]) copyDurablyNow(join(directory, file), join(partial, file));
  syncFolder(partial);
  renameSync(partial, folder);
  syncFolder(join(directory, ASIDE_FOLDER));
}

/** Whether a file of the store lies aside: it still names files of the vault that the clinic's own may not name. */
export function hasStoreAside(directory: string): boolean {
  const aside = join(directory, ASIDE_FOLDER);
  return existsSync(aside) && readdirSync(aside).some((name) => existsSync(join(aside, name, STORE_FILE)));
}

/** The name, or with a number where old files lie under it already. */
export function freeAside(directory: string, name: string): string {
  for (let number = 1; ; number += 1) {
    const free = number === 1 ? name : `${name}-${number}`;
    if (!existsSync(asidePath(directory, free))) return free;
  }
}

/**
 * From now on the new file counts, as soon as the key is the new file's. Both the file and its anchor must be durable.
 * @param key of the new file; 32 bytes. @param aside name of a folder that does not exist yet, or null to remove the old files.
 * @throws VantageError SECOND_INSTANCE where somebody has the old file open
 */
export function announceReplacement(directory: string, key: Uint8Array, aside: string | null): void {
  assertNotOpen(join(directory, STORE_FILE));
  const journal: Journal = { version: 1, check: checkValueOf(key).toString('hex'), aside };
  syncFolder(directory);
  writeDurably(join(directory, JOURNAL_FILE), `${JSON.stringify(journal)}\n`, 0o600);
}

/**
 * Finishes, or takes back, a replacement that was interrupted. Before every opening; does nothing where there was none.
 * @param key of the store, as it is now. @param names of what lies in the folder. @returns whether the file was replaced.
 * @throws VantageError KEY_WRONG where the key is neither the old file's nor the new one's, SECOND_INSTANCE where somebody has the file
 * open; nothing was touched
 */
export function finishReplacement(directory: string, key: Uint8Array, names = namesIn(directory)): boolean {
  if (!names.has(JOURNAL_FILE) && !LEFT.some((name) => names.has(name))) return false;
  assertNotOpen(join(directory, STORE_FILE));
  const bytes = readIfThere(join(directory, JOURNAL_FILE));
  if (bytes === null) {
    removeNext(directory);
    return false;
  }
  const journal = parsed(bytes.toString('utf8'));
  const check = checkValueOf(key);
  if (check.toString('hex') === journal.check) {
    finish(directory, journal);
    return true;
  }
  const current = readIfThere(join(directory, CHECK_FILE));
  if (current === null || !current.equals(check))
    throw new VantageError('KEY_WRONG', 'the key fits neither the file nor the one that shall replace it');
  removeNext(directory);
  rmSync(join(directory, JOURNAL_FILE));
  syncFolder(directory);
  return false;
}

/**
 * Whether a master key is that of the clinic's file, or of the one that is about to take its place.
 * @returns null where nothing lies there that says so.
 */
export function keyFits(directory: string, masterKey: Uint8Array): boolean | null {
  const check = readIfThere(join(directory, CHECK_FILE));
  const journal = readIfThere(join(directory, JOURNAL_FILE));
  const own = checkValueOf(deriveKey(masterKey, 'store'));
  if (journal !== null && parsed(journal.toString('utf8')).check === own.toString('hex')) return true;
  return check?.length === own.length ? check.equals(own) : null;
}

/** Each step may be the last one before a crash, and may have been done before. */
function finish(directory: string, journal: Journal): void {
  const next = nextStorePath(directory);
  if (existsSync(next)) {
    // The log belongs to the old file: beside the new one it would be read as the new one's.
    const old = [`${STORE_FILE}-wal`, `${STORE_FILE}-shm`, `${STORE_FILE}-journal`].map((name) =>
      join(directory, name),
    );
    putAside(directory, journal.aside, [...old, join(directory, ANCHOR_FILE)]);
    // Without a folder for it the old file is there until the new one takes its name.
    if (journal.aside !== null) putAside(directory, journal.aside, [join(directory, STORE_FILE)]);
    renameSync(next, join(directory, STORE_FILE));
    syncFolder(directory);
  }
  for (const name of BESIDES) {
    const path = join(directory, name);
    if (existsSync(`${path}.next`)) renameSync(`${path}.next`, path);
  }
  // It would open the old key. Before the check value says that the key is the new one: a crash in between comes here again.
  const known = readIfThere(join(directory, CHECK_FILE));
  if (known !== null && known.toString('hex') !== journal.check) rmSync(recoveryKeyPath(directory), { force: true });
  writeDurably(join(directory, CHECK_FILE), Buffer.from(journal.check, 'hex'), 0o600);
  rmSync(join(directory, JOURNAL_FILE));
  syncFolder(directory);
}

function putAside(directory: string, aside: string | null, paths: readonly string[]): void {
  if (aside === null) {
    for (const path of paths) rmSync(path, { force: true });
    return;
  }
  const folder = asidePath(directory, aside);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const path of paths) {
    if (existsSync(path)) renameSync(path, join(folder, path.slice(directory.length + 1)));
  }
  syncFolder(folder);
  syncFolder(join(directory, ASIDE_FOLDER));
}

function removeNext(directory: string): void {
  for (const name of LEFT) rmSync(join(directory, name), { force: true });
}

function parsed(text: string): Journal {
  try {
    return journalSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new VantageError('STORE_DAMAGED', 'the file clinic.replace can not be read', { cause: error });
  }
}
