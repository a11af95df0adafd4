/** Something else lies where a clinic has its files: it is named, and stays as it is. */
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { checkClinic } from '../backup/check.ts';
import { CHECK_FILE, STORE_FILE, openCipherFile } from './cipher-file.ts';
import { deriveKey, passphraseKeyStore } from './key-handling.ts';
import { KEY, openTestStore, patientDraft, temporaryFolder } from './testing/documents.ts';
import { openAnchored } from './testing/anchored-store.ts';

let folder: ReturnType<typeof temporaryFolder>;
let clinic: string;
beforeEach(async () => {
  folder = temporaryFolder();
  clinic = join(folder.path, 'clinic');
  const made = await openAnchored(clinic);
  await made.store.write('patients', patientDraft(1));
  await made.close();
});
afterEach(() => folder.remove());

/** Names, kinds and contents of what lies in the folder. */
function content(): unknown {
  return readdirSync(clinic)
    .toSorted()
    .map((name) => {
      const found = lstatSync(join(clinic, name));
      return [name, found.isFile() ? readFileSync(join(clinic, name), 'hex') : found.isDirectory() ? 'folder' : 'link'];
    });
}

async function refusedFor(name: string): Promise<void> {
  const before = content();
  const problem = { code: 'STORE_OBSTRUCTED', detail: expect.stringContaining(name) };
  await expect(openTestStore(clinic)).rejects.toMatchObject(problem);
  await expect(checkClinic(clinic, KEY, () => new Date())).rejects.toMatchObject(problem);
  expect(content()).toEqual(before);
}

it.each([STORE_FILE, `${STORE_FILE}-wal`, CHECK_FILE, 'clinic.anchor', 'clinic.former-keys', 'clinic.replace'])(
  'refuses a folder called %s',
  async (name) => {
    rmSync(join(clinic, name), { force: true });
    mkdirSync(join(clinic, name));
    await refusedFor(name);
    expect(readdirSync(join(clinic, name))).toEqual([]);
  },
);

it('refuses a link in the place of the file, whether or not it leads to one', async () => {
  const elsewhere = join(folder.path, 'elsewhere.db');
  renameSync(join(clinic, STORE_FILE), elsewhere);
  symlinkSync(elsewhere, join(clinic, STORE_FILE));
  await refusedFor(STORE_FILE);
  rmSync(elsewhere);
  await refusedFor(STORE_FILE);
  expect(existsSync(elsewhere)).toBe(false);
});

it('refuses a journal that is none of its own, beside a log too, and rolls nothing back', async () => {
  writeFileSync(join(clinic, `${STORE_FILE}-journal`), 'd9d505f920a163d7 of another file'.repeat(40));
  await refusedFor(`${STORE_FILE}-journal`);
  rmSync(join(clinic, `${STORE_FILE}-journal`));
  const running = join(folder.path, 'running');
  cpSync(clinic, running, { recursive: true });
  const store = await openTestStore(running);
  await store.write('patients', patientDraft(2));
  cpSync(join(running, `${STORE_FILE}-wal`), join(clinic, `${STORE_FILE}-wal`));
  await store.close();
  writeFileSync(join(clinic, `${STORE_FILE}-journal`), 'd9d505f920a163d7 of another file'.repeat(40));
  await refusedFor(`${STORE_FILE}-journal`);
  // An empty one says nothing.
  writeFileSync(join(clinic, `${STORE_FILE}-journal`), '');
  const again = await openTestStore(clinic);
  expect(await again.count('patients')).toBe(2);
  await again.close();
});

it('opens with the journal that a kill left while a restored file got its log', async () => {
  const path = join(clinic, STORE_FILE);
  const copy = join(folder.path, 'copy');
  mkdirSync(copy);
  const sqlite = openCipherFile(path, deriveKey(KEY, 'store'), { keyIsRight: true });
  sqlite.pragma('journal_mode = DELETE');
  // Another page is given up at once, and for that the journal is finished first.
  sqlite.pragma('cache_size = 1');
  sqlite.exec(
    'BEGIN; PRAGMA user_version = 1000; UPDATE audit_checkpoints SET at = at; DELETE FROM station; CREATE TABLE large (bytes)',
  );
  for (let row = 0; row < 40; row += 1) sqlite.exec('INSERT INTO large VALUES (randomblob(9000))');
  for (const suffix of ['', '-journal']) cpSync(`${path}${suffix}`, join(copy, `${STORE_FILE}${suffix}`));
  sqlite.exec('ROLLBACK');
  sqlite.close();
  for (const suffix of ['', '-journal']) cpSync(join(copy, `${STORE_FILE}${suffix}`), `${path}${suffix}`);
  expect(readFileSync(`${path}-journal`)[0]).not.toBe(0);
  const store = await openTestStore(clinic);
  expect(await store.count('patients')).toBe(1);
  await store.close();
  // The same journal beside another clinic's file.
  const other = join(folder.path, 'other');
  await (await openAnchored(other)).close();
  cpSync(join(copy, `${STORE_FILE}-journal`), join(other, `${STORE_FILE}-journal`));
  await expect(openTestStore(other)).rejects.toMatchObject({ code: 'STORE_OBSTRUCTED' });
});

it('names a folder in the place of a key file, for reading and for writing', async () => {
  const path = join(clinic, 'station.key');
  mkdirSync(path);
  const problem = { code: 'STORE_OBSTRUCTED', detail: 'station.key is a folder' };
  await expect(passphraseKeyStore(path, 'correct horse battery').load()).rejects.toMatchObject(problem);
  await expect(passphraseKeyStore(path, 'correct horse battery').save(KEY)).rejects.toMatchObject(problem);
});
