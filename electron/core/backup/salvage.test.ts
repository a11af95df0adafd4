import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyAudit } from '../audit/index.ts';
import { signerOf } from '../audit/signer.ts';
import { stationIdentity } from '../station.ts';
import { readAnchor } from '../store/anchor.ts';
import { STORE_FILE, openCipherFile } from '../store/cipher-file.ts';
import { PAGE_BYTES } from '../store/cipher-pages.ts';
import { deriveKey, newKey } from '../store/key-handling.ts';
import { STATION, temporaryFolder } from '../store/testing/documents.ts';
import { makeBackup } from './backup.ts';
import type { BackupInfo } from './manifest.ts';
import { findDamage, salvage } from './salvage.ts';
import { BY, contentOf, openSmallClinic } from './testing/test-clinic.ts';
import type { SmallClinic } from './testing/test-clinic.ts';

const KEY = newKey();
const PATIENTS = 120;

let folder: ReturnType<typeof temporaryFolder>;
let clinic: SmallClinic | null = null;
let path: string;

beforeEach(async () => {
  folder = temporaryFolder();
  path = join(folder.path, STORE_FILE);
  await (await opened()).fill(0, PATIENTS);
  await closed();
});
afterEach(async () => {
  await clinic?.abandon();
  clinic = null;
  folder.remove();
});

async function opened(): Promise<SmallClinic> {
  clinic = await openSmallClinic(folder.path, { key: KEY });
  return clinic;
}

async function closed(): Promise<void> {
  await clinic?.close();
  clinic = null;
}

/** Numbers of the leaf pages of a table or index, in the order of its rows. */
function leavesOf(name: string): number[] {
  const sqlite = openCipherFile(path, deriveKey(KEY, 'store'));
  const leaves = sqlite
    .prepare<[string], number>(`SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY path`)
    .pluck()
    .all(name);
  sqlite.close();
  return leaves;
}

function damage(...numbers: readonly number[]): void {
  const bytes = readFileSync(path);
  for (const number of numbers) bytes.fill(0x5a, (number - 1) * PAGE_BYTES + 200, (number - 1) * PAGE_BYTES + 300);
  writeFileSync(path, bytes);
}

async function backUp(): Promise<BackupInfo> {
  const { store } = clinic ?? (await opened());
  return makeBackup({
    store,
    directory: folder.path,
    root: join(folder.path, 'backups'),
    masterKey: KEY,
    signer: signerOf(stationIdentity(store, 'clinic', STATION).privateKey),
    stationId: STATION,
    now: () => new Date('2026-11-22T08:00:00.000Z'),
  });
}

function salvaged(): ReturnType<typeof salvage> {
  return salvage({ directory: folder.path, masterKey: KEY, by: BY, now: () => new Date('2026-11-22T08:30:00.000Z') });
}

describe('a file of which some pages are damaged', () => {
  it('is looked through: the pages are named by their numbers', () => {
    expect(findDamage(folder.path, KEY)).toMatchObject({ damaged: [], saltDamaged: false });
    damage(3, 7);
    const found = findDamage(folder.path, KEY);
    expect(found).toMatchObject({ damaged: [3, 7], saltDamaged: false });
    expect(found.pages).toBe(readFileSync(path).length / PAGE_BYTES);
    expect(() => findDamage(folder.path, newKey())).toThrow(expect.objectContaining({ code: 'KEY_WRONG' }));
  });

  it('gives every row that does not lie on them, and what is lost is counted', async () => {
    const pages = leavesOf('rx:patients:0');
    expect(pages.length).toBeGreaterThan(6);
    const lost = [pages[1] ?? 0, pages[3] ?? 0, pages[4] ?? 0];
    damage(...lost);
    const before = readFileSync(path);
    const result = await salvaged();
    expect(result).toMatchObject({ damaged: lost.toSorted((a, b) => a - b), saltDamaged: false });
    const patients = result.tables.find(({ name }) => name === 'rx:patients:0');
    expect(patients).toMatchObject({ damaged: true, rows: PATIENTS - (patients?.lost ?? 0) });
    // A page holds some rows: so many are lost and no more.
    expect(patients?.lost).toBeGreaterThanOrEqual(3);
    expect(patients?.lost).toBeLessThan(3 * 9);
    for (const { name, damaged, lost: missing } of result.tables) {
      expect([name, damaged, missing ?? 0]).toEqual([
        name,
        name === 'rx:patients:0',
        name === 'rx:patients:0' ? patients?.lost : 0,
      ]);
    }
    expect(readFileSync(join(result.aside, STORE_FILE)).equals(before)).toBe(true);
    expect(readdirSync(folder.path).filter((name) => /next|replace/.test(name))).toEqual([]);

    const current = await opened();
    expect(current.anchor.findings).toMatchObject([]);
    expect(current.store.integrityCheck()).toEqual({ ok: true, problems: [] });
    const content = await contentOf(current);
    expect(content['patients']).toHaveLength(PATIENTS - (patients?.lost ?? 0));
    expect(content['intents']).toHaveLength(PATIENTS);
    expect(content['blobIds']).toHaveLength(PATIENTS);
    expect(verifyAudit(current.store)).toEqual({ entries: PATIENTS + 1, ok: true });
    expect(current.store.audit.read({ limit: 1000 }).at(-1)).toMatchObject({
      action: 'store.salvaged',
      detail: { damagedPages: 3, lostRows: patients?.lost, damagedTables: 1 },
    });
    await current.fill(PATIENTS, PATIENTS + 3);
  });

  it('gives the keys of files also where their own table can be read from its indexes only', async () => {
    const pages = leavesOf('vault_blobs');
    expect(pages.length).toBeGreaterThan(3);
    damage(pages[1] ?? 0, pages[2] ?? 0);
    const result = await salvaged();
    const blobs = result.tables.find(({ name }) => name === 'vault_blobs');
    expect(blobs?.damaged).toBe(true);
    const current = await opened();
    const rows = current.store.sqlite.prepare<[], number>('SELECT count(*) FROM vault_blobs').pluck().get() ?? 0;
    expect(rows).toBe(blobs?.rows);
    // Two of many pages: the pages between and behind them are all read.
    expect(rows).toBeGreaterThan(PATIENTS * (1 - 2.9 / pages.length));
    await contentOf(current);
  });

  it('says which audit entries are missing, and never gives their numbers of writes again', async () => {
    const pages = leavesOf('audit');
    damage(pages.at(-1) ?? 0);
    const result = await salvaged();
    const audit = result.tables.find(({ name }) => name === 'audit');
    expect(audit?.lost).toBeGreaterThan(0);
    const { store } = await opened();
    expect(verifyAudit(store)).toMatchObject({ ok: false });
    expect(store.audit.read({ limit: 1000 }).at(-1)).toMatchObject({
      action: 'store.salvaged',
      detail: { missingAuditFrom: PATIENTS - (audit?.lost ?? 0) + 1, missingAuditThrough: PATIENTS },
    });
    expect(readAnchor(folder.path, KEY)).toMatchObject({
      heads: { tables: { 'rx:patients:0': { sequence: PATIENTS } } },
    });
  });
});

describe('a file whose first bytes are damaged', () => {
  it('loses nothing: the anchor knows them', async () => {
    const content = await contentOf(await opened());
    await closed();
    const bytes = readFileSync(path);
    bytes.fill(0, 0, 24);
    writeFileSync(path, bytes);
    expect(findDamage(folder.path, KEY)).toMatchObject({ damaged: [], saltDamaged: true });
    const result = await salvaged();
    expect(result).toMatchObject({ damaged: [], saltDamaged: true });
    expect(result.tables.filter(({ damaged, lost }) => damaged || (lost ?? 0) > 0)).toEqual([]);
    expect(await contentOf(await opened())).toEqual(content);
  });

  it('loses nothing without its anchor either, where a backup knows them', async () => {
    const content = await contentOf(await opened());
    await backUp();
    await closed();
    rmSync(join(folder.path, 'clinic.anchor'));
    const bytes = readFileSync(path);
    bytes.fill(0, 0, 24);
    writeFileSync(path, bytes);
    expect(await salvaged()).toMatchObject({ damaged: [], saltDamaged: true, firstPageFrom: null });
    expect(await contentOf(await opened())).toEqual(content);
  });

  it('loses nothing that was made before a backup where the whole first page is gone: the backup has one', async () => {
    await opened();
    const { name } = await backUp();
    await clinic?.fill(PATIENTS, PATIENTS + 10);
    await closed();
    const content = await contentOf(await opened());
    await closed();
    const bytes = readFileSync(path);
    bytes.fill(0, 0, PAGE_BYTES);
    writeFileSync(path, bytes);
    const result = await salvaged();
    expect(result).toMatchObject({ damaged: [1], firstPageFrom: name });
    expect(result.tables.filter(({ damaged, lost }) => damaged || (lost ?? 0) > 0)).toEqual([]);
    const current = await opened();
    expect(await contentOf(current)).toEqual(content);
    expect(current.store.integrityCheck()).toEqual({ ok: true, problems: [] });
    expect(current.store.audit.read({ limit: 1000 }).at(-1)).toMatchObject({ detail: { firstPageFrom: name } });
  });

  it('can not be helped without a backup where the whole first page is', async () => {
    damage(1);
    const before = readFileSync(path);
    await expect(salvaged()).rejects.toMatchObject({
      code: 'NOT_SALVAGEABLE',
      detail: expect.stringContaining('restore a backup') as string,
    });
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(existsSync(join(folder.path, 'aside'))).toBe(false);
  });
});
