import { spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import BetterSqlite from 'better-sqlite3-multiple-ciphers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Capture } from '../../contract/index.ts';
import { verifyAudit } from '../audit/index.ts';
import { migrate } from '../store/migrations.ts';
import { readBlob } from '../vault/blob-file.ts';
import type { StoredClinic } from '../vault/testing/stored-clinic.ts';
import { openStoredClinic, sessionDraft, storePicture } from '../vault/testing/stored-clinic.ts';
import type { Vault } from '../vault/vault-api.ts';
import { openVault } from '../vault/vault.ts';
import { Retention } from './retention.ts';

const NOW = new Date('2027-06-01T12:00:00.000Z');
const VERIFIED = '2026-11-22T00:00:00.000Z';
const ADMIN = { id: 'admin', role: 'admin' };
const KILLS = 8;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

let directory: string;
let clinic: StoredClinic;
/** Contents that the cloud has not verified. */
let unverified: Set<string>;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'vantage-retention-'));
  unverified = new Set();
  clinic = await openStoredClinic(directory, { now: () => NOW });
});
afterEach(async () => {
  await clinic.store.close();
  rmSync(directory, { recursive: true, force: true });
});

function verifiedAt(sha256: string): string | null {
  return unverified.has(sha256) ? null : VERIFIED;
}

function newRetention(now = NOW): Retention {
  const { store, vault } = clinic;
  return new Retention({ store, vault, verifiedAt, now: () => now, log: quiet });
}

async function visit(
  name: string,
  image: Buffer,
  fields: Parameters<typeof sessionDraft>[1] = {},
  capture: Parameters<typeof storePicture>[4] = {},
): Promise<Capture> {
  const session = sessionDraft(name, fields);
  await clinic.store.write('sessions', session);
  const small = { thumbnail: Buffer.from(`small ${name}`), overlay: Buffer.from(`map ${name}`) };
  return storePicture(clinic, session, 'retina-left', { image, ...small }, capture);
}

function has(blobId: string | null): boolean {
  return blobId !== null && clinic.vault.stat(blobId) !== null;
}

function filesOf(): string[] {
  return readdirSync(join(directory, 'vault'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name)
    .sort();
}

function rowFiles(): string[] {
  return clinic.store.sqlite.prepare<[], string>('SELECT file FROM vault_blobs').pluck().all().sort();
}

describe('pictures', () => {
  it('go when the visit is closed long enough and verified; what was judged, the small picture and the map stay', async () => {
    const image = randomBytes(100_000);
    const capture = await visit('old', image);
    const retention = newRetention();
    expect(await retention.preview()).toMatchObject({
      due: [{ sessionId: capture.sessionId, pictures: 1, bytes: 100_000 }],
      kept: { notDueYet: 0, notVerified: 0, policyOff: 0 },
    });
    expect(has(capture.blobId)).toBe(true);
    expect(await retention.run(ADMIN)).toMatchObject({ visits: 1, pictures: 1, files: 1 });
    const after = await clinic.store.get('captures', capture.id);
    expect(after).toMatchObject({ state: 'purged', blobId: null, purgedAt: NOW.toISOString(), sha256: capture.sha256 });
    expect([has(capture.blobId), has(capture.thumbnailBlobId), has(capture.overlayBlobId)]).toEqual([
      false,
      true,
      true,
    ]);
    expect(filesOf()).toEqual(rowFiles());
    expect(() => clinic.vault.grantRead(capture.blobId ?? '')).toThrow('NOT_FOUND');
    expect(clinic.store.audit.read().filter(({ action }) => action === 'retention.purged')).toMatchObject([
      {
        actorId: 'admin',
        subjectKind: 'session',
        subjectId: capture.sessionId,
        detail: { pictures: 1, bytes: 100_000 },
      },
    ]);
    expect(verifyAudit(clinic.store)).toMatchObject({ ok: true });
    expect(await retention.run()).toMatchObject({ visits: 0, files: 0 });
    expect((await retention.preview()).due).toEqual([]);
  });

  it('go with small picture and map where the policy says so', async () => {
    const capture = await visit('old', randomBytes(5000));
    const retention = newRetention();
    await retention.setPolicy({ keepDays: 1, keepThumbnails: false }, ADMIN);
    expect(newRetention().policy()).toEqual({ keepDays: 1, keepThumbnails: false });
    expect(await retention.run()).toMatchObject({ visits: 1, pictures: 1, files: 3 });
    expect(await clinic.store.get('captures', capture.id)).toMatchObject({
      thumbnailBlobId: null,
      overlayBlobId: null,
    });
    expect(filesOf()).toEqual([]);
    await expect(retention.setPolicy({ keepDays: 0, keepThumbnails: true }, ADMIN)).rejects.toMatchObject({
      code: 'INPUT_INVALID',
    });
    expect(clinic.store.audit.read().filter(({ action }) => action === 'retention.policy-set')).toHaveLength(1);
  });

  it('stay while they are only here, too young, under way, of an open visit, or wanted for ever', async () => {
    const onlyHere = await visit('only here', randomBytes(5000));
    unverified.add(onlyHere.sha256 ?? '');
    await visit('young', randomBytes(5000), { endedAt: '2027-05-31T12:00:00.000Z' });
    await visit('under way', randomBytes(5000), {}, { state: 'on-disk' });
    await visit('open', randomBytes(5000), { status: 'REVIEW', endedAt: null });
    const retention = newRetention();
    const { due, kept } = await retention.preview();
    expect({ due, kept }).toEqual({ due: [], kept: { notDueYet: 2, notVerified: 1, policyOff: 0 } });
    expect(await retention.run()).toMatchObject({ visits: 0, files: 0 });
    await retention.setPolicy({ keepDays: null, keepThumbnails: true }, ADMIN);
    expect((await retention.preview()).kept.policyOff).toBe(3);
    unverified.clear();
    expect(await retention.run()).toMatchObject({ visits: 0, files: 0 });
    expect(filesOf()).toHaveLength(12);
  });

  it('that two visits share stay until the last of them goes', async () => {
    const image = randomBytes(5000);
    const first = await visit('first', image, { endedAt: '2026-12-01T12:00:00.000Z' });
    const second = await visit('second', image, { endedAt: '2027-05-01T12:00:00.000Z' });
    expect(second.blobId).toBe(first.blobId);
    expect((await newRetention().preview()).due).toMatchObject([{ sessionId: first.sessionId, bytes: 0 }]);
    expect(await newRetention().run()).toMatchObject({ visits: 1, pictures: 1, files: 0 });
    expect(await clinic.store.get('captures', first.id)).toMatchObject({ state: 'purged' });
    expect(image.equals(await readBlob(clinic.vault.grantRead(second.blobId ?? '')))).toBe(true);
    expect(await newRetention(new Date('2027-12-01T00:00:00.000Z')).run()).toMatchObject({ visits: 1, files: 1 });
    expect(has(second.blobId)).toBe(false);
  });

  it('that are stored again while they are being deleted stay', async () => {
    const image = randomBytes(5000);
    const old = await visit('old', image);
    const again = await clinic.vault.prepareBytes(image, 'image/jpeg');
    expect(await newRetention().run()).toMatchObject({ visits: 1, files: 0 });
    const row = clinic.vault.insertRow(again);
    expect(row.blobId).toBe(old.blobId);
    expect(image.equals(await readBlob(clinic.vault.grantRead(row.blobId)))).toBe(true);
  });
});

describe('a deleted picture', () => {
  it.each([
    ['', async () => ({ removedFiles: 0 })],
    [', also where a sweep removes its file', async (vault: Vault) => vault.sweep()],
  ] as const)('leaves its key neither in the database nor in the log of writes%s', async (_where, beside) => {
    // Without SQLCipher, so that what lies in the pages can be seen.
    const plain = join(directory, 'plain');
    const database = new BetterSqlite(`${plain}.db`);
    database.pragma('journal_mode = WAL');
    migrate(database);
    const options = { directory: plain, database, masterKey: randomBytes(32), now: () => NOW, log: quiet };
    const vault = await openVault({ ...options, reserveBytes: 0 });
    const { blobId } = vault.insertRow(await vault.prepareBytes(randomBytes(1000), 'image/jpeg'));
    const kept = vault.insertRow(await vault.prepareBytes(randomBytes(1000), 'image/jpeg'));
    const wrapped = database
      .prepare<[string], Buffer>('SELECT wrapped_key FROM vault_blobs WHERE blob_id = ?')
      .pluck()
      .get(blobId);
    database.pragma('wal_checkpoint(PASSIVE)');
    const onDisk = (): Buffer => Buffer.concat([readFileSync(`${plain}.db`), readFileSync(`${plain}.db-wal`)]);
    expect(wrapped !== undefined && onDisk().includes(wrapped)).toBe(true);
    const watch = vault.watchNames();
    database.transaction(() => vault.eraseRows([blobId], watch))();
    watch.stop();
    const [swept, removed] = await Promise.all([beside(vault), vault.removeErased()]);
    expect(swept.removedFiles + removed.files).toBe(1);
    expect(wrapped !== undefined && onDisk().includes(wrapped)).toBe(false);
    await vault.verify(kept.blobId);
    database.close();
  });
});

describe('kill -9 while deleting', () => {
  it(`leaves no row without its file and no file without its row, ${KILLS} times`, async () => {
    await clinic.store.close();
    let purged = 0;
    for (let round = 0; round < KILLS; round += 1) {
      const script = join(import.meta.dirname, 'testing', 'purge-until-killed.ts');
      const child = spawn(process.execPath, [script, directory, String(round)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const exited = once(child, 'exit');
      for await (const line of createInterface({ input: child.stdout }))
        if (line === 'ready') void sleep(randomInt(0, 400)).then(() => child.kill('SIGKILL'));
      await exited;

      clinic = await openStoredClinic(directory, { now: () => NOW });
      expect(clinic.vault.swept.missingBlobIds).toEqual([]);
      for (const pending of await clinic.vault.recoverPending()) await clinic.vault.abandon(pending.pendingId);
      const captures = await clinic.store.find('captures', {});
      const audited = new Set(
        clinic.store.audit
          .read({ limit: 10_000 })
          .flatMap((entry) => (entry.action === 'retention.purged' ? [entry.subjectId] : [])),
      );
      const named = new Set<string>();
      for (const capture of captures) {
        expect(audited.has(capture.sessionId)).toBe(capture.state === 'purged');
        for (const blobId of [capture.blobId, capture.thumbnailBlobId, capture.overlayBlobId]) {
          if (blobId === null) continue;
          await clinic.vault.verify(blobId);
          named.add(blobId);
        }
      }
      purged = audited.size;
      const rows = clinic.store.sqlite.prepare<[], string>('SELECT blob_id FROM vault_blobs').pluck().all();
      expect(rows.sort()).toEqual([...named].sort());
      // At once, not after the thirty days that a file without a row is kept.
      expect(filesOf()).toEqual(rowFiles());
      await clinic.store.close();
    }
    console.log(`${KILLS} kills, ${purged} visits deleted`);
    expect(purged).toBeGreaterThan(0);
    clinic = await openStoredClinic(directory, { now: () => NOW });
  }, 180_000);
});
