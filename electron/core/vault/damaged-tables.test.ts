/**
 * A page of the vault's own tables, or of one of their indexes, is damaged in the file while a log of a killed station lies beside it:
 * the clinic is refused, and not one file of its folder is another one afterwards, but for what an opening writes behind the log.
 */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSmallClinic } from '../backup/testing/test-clinic.ts';
import { STORE_FILE, closeReadOnly, openCipherFile } from '../store/cipher-file.ts';
import { deriveKey, newKey } from '../store/key-handling.ts';
import { codeOf, storeProblem } from '../store/store-problem.ts';
import type { Store } from '../store/index.ts';
import { openTestStore, patientDraft, temporaryFolder } from '../store/testing/documents.ts';
import { openVault } from './index.ts';
import { scrubRows } from './scrub-rows.ts';

const QUIET = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const KEY = newKey();
const PAGE_BYTES = 4096;
/** So many files that the indexes have more than their one page. */
const FILES = 60;

let folder: ReturnType<typeof temporaryFolder>;
let killed: string;

beforeEach(async () => {
  folder = temporaryFolder();
  const running = join(folder.path, 'running');
  killed = join(folder.path, 'killed');
  const clinic = await openSmallClinic(running, { key: KEY });
  await clinic.fill(0, FILES);
  // A picture was under way: an opening gives its grant back, and looks by its indexes for what it left.
  await clinic.vault.grantWrite({ subject: 'a capture' });
  await clinic.anchor.flush();
  clinic.store.sqlite.pragma('wal_checkpoint(TRUNCATE)');
  // Of the vault's pages nothing is in the log: SQLite reads them from the file.
  await clinic.store.write('patients', patientDraft(FILES));
  await clinic.anchor.flush();
  cpSync(running, killed, { recursive: true, filter: (path) => !path.endsWith('-shm') });
  await clinic.abandon();
});
afterEach(() => folder.remove());

/** What lies on pages of its own: the first page of each of the vault's tables and indexes. */
function rootsOfVault(): ReadonlyMap<string, number> {
  return asked((sqlite) => {
    const rows = sqlite.prepare<[], { name: string; page: number }>(
      `SELECT name, rootpage AS page FROM sqlite_schema WHERE tbl_name GLOB 'vault_*' AND rootpage > 0`,
    );
    return new Map(rows.all().map(({ name, page }) => [name, page]));
  });
}

function leavesOf(name: string): number[] {
  return asked((sqlite) =>
    sqlite
      .prepare<[string], number>(`SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY pageno`)
      .pluck()
      .all(name),
  );
}

function asked<T>(question: (sqlite: Database) => T): T {
  const path = join(folder.path, 'running', STORE_FILE);
  const sqlite = openCipherFile(path, deriveKey(KEY, 'store'), { readonly: true, keyIsRight: true });
  try {
    return question(sqlite);
  } finally {
    closeReadOnly(sqlite, path);
  }
}

/** Every file of the folder, by its path: what it holds and how it may be read. @param logBytes how much of the log is looked at. */
function everyFile(logBytes: number): Readonly<Record<string, string>> {
  const paths = readdirSync(killed, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    paths.map((path) => {
      const bytes = readFileSync(path).subarray(0, path.endsWith('-wal') ? logBytes : undefined);
      return [path.slice(killed.length), `${statSync(path).mode} ${createHash('sha256').update(bytes).digest('hex')}`];
    }),
  );
}

function damage(page: number): void {
  const path = join(killed, STORE_FILE);
  const bytes = readFileSync(path);
  const at = (page - 1) * PAGE_BYTES + 200;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

/** As a clinic opens: what it refuses it lets go of. */
async function openKilled(): Promise<Store> {
  const store = await openTestStore(killed, { key: KEY, mayRefuse: true });
  try {
    const vault = await openVault({
      directory: join(killed, 'vault'),
      database: store.sqlite,
      masterKey: KEY,
      now: () => new Date(),
      log: QUIET,
      reserveBytes: 0,
    });
    for (const open of await vault.recoverPending()) await vault.abandon(open.pendingId);
    scrubRows(store.sqlite).damaged();
    store.settle();
    return store;
  } catch (error) {
    await store.close();
    throw storeProblem(error);
  }
}

/** @param name of what is damaged. @param log as it was left. */
async function refused(name: string, log: Buffer): Promise<void> {
  const before = everyFile(log.length);
  const opening = openKilled().then(
    () => 'opened',
    (error: unknown) => codeOf(error),
  );
  expect({ name, opening: await opening, files: everyFile(log.length) }).toEqual({
    name,
    opening: 'STORE_DAMAGED',
    files: before,
  });
  writeFileSync(join(killed, `${STORE_FILE}-wal`), log);
}

describe('a damaged page of the vault’s tables under a log that holds rows', () => {
  it('refuses the opening and changes no file, whichever table or index that an opening reads it is of', async () => {
    const roots = rootsOfVault();
    // By what a picture holds nothing is searched before one is stored, and by when one was read before one is to be: the clinic opens,
    // and these pages are read in the background.
    const notRead = ['sqlite_autoindex_vault_blobs_2', 'vault_checks'];
    expect([...roots.keys()].toSorted()).toEqual([
      'sqlite_autoindex_vault_blobs_2',
      'sqlite_autoindex_vault_blobs_3',
      'sqlite_autoindex_vault_pending_2',
      'vault_blobs',
      'vault_checks',
      'vault_checks_damaged',
      'vault_erased',
      'vault_pending',
      'vault_pending_subject',
    ]);
    const whole = readFileSync(join(killed, STORE_FILE));
    const log = readFileSync(join(killed, `${STORE_FILE}-wal`));
    expect(log.length).toBeGreaterThan(PAGE_BYTES);
    for (const [name, page] of roots) {
      if (notRead.includes(name)) continue;
      damage(page);
      await refused(name, log);
      writeFileSync(join(killed, STORE_FILE), whole);
    }
    for (const name of notRead) damage(roots.get(name) ?? 0);
    const store = await openKilled();
    expect(await store.count('patients')).toBe(FILES + 1);
    expect(store.anchored.found).toBeNull();
    await store.close();
    expect(existsSync(join(killed, `${STORE_FILE}-wal`))).toBe(false);
  });

  it('does so also where the page is the last leaf of an index', async () => {
    const leaves = leavesOf('sqlite_autoindex_vault_blobs_3');
    expect(leaves.length).toBeGreaterThan(1);
    damage(leaves.at(-1) ?? 0);
    await refused('the last leaf', readFileSync(join(killed, `${STORE_FILE}-wal`)));
  });
});
