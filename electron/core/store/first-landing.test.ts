/** A clinic that the first version wrote opens with this one, and nothing of it is missing. */
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { CollectionName } from '../../contract/index.ts';
import { verifyAudit } from '../audit/index.ts';
import { stationIdentity, stationIdOf } from '../station.ts';
import { openVault } from '../vault/index.ts';
import { fileKeyStore, openStore } from './index.ts';
import type { Store } from './index.ts';
import { MIGRATIONS, schemaVersionOf } from './migrations.ts';
import { temporaryFolder } from './testing/documents.ts';

const FIXTURE = join(import.meta.dirname, '../../../test/fixtures/first-landing/clinic');
const NOW = Date.parse('2026-11-22T08:00:00.000Z');
/** What its README says. */
const DOCUMENTS: Readonly<Record<CollectionName, number>> = {
  staff: 4,
  appointments: 9,
  patients: 9,
  consents: 1,
  sessions: 9,
  captures: 6,
  findings: 2,
  reports: 1,
  devices: 3,
  calibrations: 0,
  alerts: 0,
};

let folder: ReturnType<typeof temporaryFolder>;
let store: Store | null = null;

beforeEach(() => {
  folder = temporaryFolder();
  rmSync(folder.path, { recursive: true });
  cpSync(FIXTURE, folder.path, { recursive: true });
});
afterEach(async () => {
  await store?.close();
  store = null;
  folder.remove();
});

async function opened(): Promise<{ readonly current: Store; readonly masterKey: Uint8Array }> {
  const masterKey = await fileKeyStore(join(folder.path, 'demonstration.key')).load();
  if (masterKey === null) throw new Error('the fixture lacks its key');
  store = await openStore({
    directory: folder.path,
    key: masterKey,
    now: () => NOW,
    stationId: stationIdOf(folder.path),
  });
  return { current: store, masterKey };
}

it('is migrated with every document, its audit trail and every file, and again finds nothing to do', async () => {
  const before = readFileSync(join(folder.path, 'station-id'), 'utf8');
  for (let opening = 0; opening < 2; opening += 1) {
    const { current, masterKey } = await opened();
    expect(schemaVersionOf(current.sqlite)).toBe(MIGRATIONS.length);
    for (const [name, count] of Object.entries(DOCUMENTS)) {
      expect([name, await current.count(name as CollectionName)]).toEqual([name, count]);
    }
    expect(verifyAudit(current)).toEqual({ entries: 46, ok: true });
    expect(current.integrityCheck()).toEqual({ ok: true, problems: [] });
    expect(current.pendingIntents()).toEqual([]);
    expect(stationIdentity(current, 'demonstration', stationIdOf(folder.path))).toMatchObject({
      stationId: before.trim(),
      clinicName: 'Harbour Clinic',
    });
    const vault = await openVault({
      directory: join(folder.path, 'vault'),
      database: current.sqlite,
      masterKey,
      now: () => new Date(NOW),
      log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    });
    expect(vault.swept).toMatchObject({ removedFiles: 0, missingBlobIds: [] });
    const [session] = await current.find('sessions', { selector: { status: 'COMPLETED' } });
    expect(session).toBeDefined();
    const blobIds = current.sqlite.prepare<[], string>('SELECT blob_id FROM vault_blobs').pluck().all();
    expect(blobIds).toHaveLength(15);
    for (const blobId of blobIds) await vault.verify(blobId);
    const captures = await current.find('captures', { selector: { sessionId: session?.id } });
    expect(captures.map((capture) => blobIds.includes(capture.blobId ?? ''))).toEqual(captures.map(() => true));
    await current.close();
    store = null;
  }
  expect(existsSync(join(FIXTURE, 'clinic.db-wal'))).toBe(false);
});
