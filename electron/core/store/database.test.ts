import {
  closeSync,
  openSync,
  readFileSync,
  readdirSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { firstValueFrom, skip } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VantageError, derivedId } from '../../contract/index.ts';
import { verifyAudit } from '../audit/index.ts';
import { CHECK_FILE, STORE_FILE } from './cipher-file.ts';
import { MIGRATIONS } from './migrations.ts';
import type { Store } from './index.ts';
import {
  AUTHOR,
  LOCATION,
  NOON,
  TENANT,
  appointmentDraft,
  auditEntry,
  openTestStore,
  patientDraft,
  startIntent,
  temporaryFolder,
} from './testing/documents.ts';

let folder: ReturnType<typeof temporaryFolder>;
let store: Store | null = null;

beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(async () => {
  await store?.close();
  store = null;
  folder.remove();
});

async function opened(options: Parameters<typeof openTestStore>[1] = {}): Promise<Store> {
  await store?.close();
  store = null;
  store = await openTestStore(folder.path, options);
  return store;
}

describe('documents', () => {
  it('come back as written, with what the store stamps, after a reopen too', async () => {
    const written = await (await opened()).write('patients', patientDraft(1, { givenName: 'Ünï 🩻' }));
    expect(written).toMatchObject({ givenName: 'Ünï 🩻', language: 'en', createdAt: '2026-11-21T12:00:00.000Z' });
    expect(Object.keys(written.hlc)).toContain('person');
    const again = await opened();
    expect(await again.get('patients', written.id)).toEqual(written);
    expect(await again.find('patients', { selector: { number: 'HR-1' } })).toEqual([written]);
    expect(await again.count('patients')).toBe(1);
  });

  it('keep fields that this version does not know, at the top and within', async () => {
    const current = await opened();
    const draft = { ...patientDraft(1), newerField: { deep: [1, { two: 2 }] } };
    await current.write('patients', draft);
    expect(await current.get('patients', draft.id)).toMatchObject({ newerField: { deep: [1, { two: 2 }] } });
    await current.update('patients', draft.id, (patient) => ({ ...patient, givenName: 'Other' }));
    expect(await current.get('patients', draft.id)).toMatchObject({
      newerField: { deep: [1, { two: 2 }] },
      givenName: 'Other',
    });
    const { id } = await current.write('consents', {
      id: derivedId('consent'),
      tenantId: TENANT,
      locationId: LOCATION,
      authorId: AUTHOR,
      patientId: draft.id,
      sessionId: derivedId('session'),
      decisions: { measurements: true, 'care-team': true, research: false, newerLine: true } as never,
      textVersion: '1',
      language: 'en',
      surface: 'checkin',
      signedAt: '2026-11-21T12:00:00.000Z',
      signature: { strokes: [[[0, 0, 0]]] },
    });
    expect(await current.get('consents', id)).toMatchObject({
      decisions: { newerLine: true },
      signature: { typedName: null },
    });
  });

  it('are refused with the field where the contract says no, and nothing is written', async () => {
    const current = await opened();
    const broken = patientDraft(1, { birthDate: 'yesterday' });
    await expect(
      current.write('patients', broken, { audit: [auditEntry('patient.created', broken.id)] }),
    ).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      extra: { field: 'birthDate' },
    });
    expect(await current.get('patients', broken.id)).toBeNull();
    expect(current.audit.read()).toEqual([]);
  });

  it('tick only the clocks of the groups that changed, and always forward', async () => {
    let now = NOON;
    const current = await opened({ now: () => now });
    const first = await current.write('patients', patientDraft(1));
    now -= 3_600_000;
    const second = await current.update('patients', first.id, (patient) => ({ ...patient, familyName: 'New' }));
    expect(second.hlc['person']?.startsWith(`${NOON}-`)).toBe(true);
    expect(second.hlc['person']).not.toBe(first.hlc['person']);
    expect(second.hlc['number']).toBe(first.hlc['number']);
    const reopened = await opened({ now: () => now + 3_599_000 });
    const third = await reopened.update('patients', first.id, (patient) => ({ ...patient, familyName: 'Newer' }));
    expect(Number(third.hlc['person']?.split('-')[0])).toBeGreaterThanOrEqual(NOON);
    expect(third.hlc['person']).not.toBe(second.hlc['person']);
  });

  it('are not written again where nothing but bookkeeping differs', async () => {
    const current = await opened();
    const first = await current.write('patients', patientDraft(1));
    const revision = await current.revisionOf('patients', first.id);
    await current.write('patients', patientDraft(1), { audit: [] });
    await current.update('patients', first.id, (patient) => ({ ...patient }), {
      audit: [auditEntry('patient.changed', first.id)],
    });
    expect(await current.revisionOf('patients', first.id)).toBe(revision);
    expect(current.audit.read()).toEqual([]);
  });

  it('conflict where somebody wrote since, and their companions are not written', async () => {
    const current = await opened();
    const { id } = await current.write('patients', patientDraft(1));
    const seen = await current.revisionOf('patients', id);
    await current.update('patients', id, (patient) => ({ ...patient, givenName: 'First' }));
    const late = current.write(
      'patients',
      patientDraft(1, { givenName: 'Late' }),
      { audit: [auditEntry('patient.changed', id)], intents: [startIntent(1, id)] },
      { expectedRevision: seen },
    );
    await expect(late).rejects.toMatchObject({ code: 'STATUS_CONFLICT' });
    await expect(current.write('patients', patientDraft(1), {}, { expectedRevision: null })).rejects.toMatchObject({
      code: 'STATUS_CONFLICT',
    });
    expect((await current.get('patients', id))?.givenName).toBe('First');
    expect(current.audit.read()).toEqual([]);
    expect(current.pendingIntents()).toEqual([]);
  });

  it('of several collections are written all or not at all, with their companions', async () => {
    const current = await opened();
    const patient = patientDraft(1);
    const bad = appointmentDraft(1, { day: 'never' });
    const companions = { audit: [auditEntry('patient.created', patient.id)], intents: [startIntent(1, patient.id)] };
    const broken = current.writeMany(
      [
        { name: 'patients', document: patient },
        { name: 'appointments', document: bad },
      ],
      companions,
    );
    await expect(broken).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    expect([await current.count('patients'), await current.count('appointments'), current.audit.read().length]).toEqual(
      [0, 0, 0],
    );
    await current.writeMany(
      [
        { name: 'patients', document: patient },
        { name: 'appointments', document: appointmentDraft(1) },
      ],
      companions,
    );
    expect([await current.count('patients'), await current.count('appointments'), current.audit.read().length]).toEqual(
      [1, 1, 1],
    );
    expect(current.pendingIntents()).toMatchObject([{ subjectId: patient.id, ordinal: 1, state: 'waiting' }]);
  });

  it('are gone after remove and can be written anew', async () => {
    const current = await opened();
    const { id } = await current.write('patients', patientDraft(1));
    await current.transaction((transaction) => transaction.remove('patients', id));
    expect([await current.get('patients', id), await current.count('patients')]).toEqual([null, 0]);
    await current.write('patients', patientDraft(1), {}, { expectedRevision: null });
    expect(await current.count('patients')).toBe(1);
  });
});

describe('a transaction', () => {
  it('takes its documents, audit, intents and plain rows back when it throws, and nobody hears of them', async () => {
    const current = await opened();
    const heard: string[] = [];
    const listening = current.changes().subscribe((change) => heard.push(change.id));
    const failing = current.transaction((transaction) => {
      const { id } = transaction.put('patients', patientDraft(1));
      transaction.audit(auditEntry('patient.created', id));
      transaction.intent(startIntent(1, id));
      transaction.sqlite.prepare(`INSERT INTO station (key, value) VALUES ('x', 'y')`).run();
      throw new Error('on purpose');
    });
    await expect(failing).rejects.toThrow('on purpose');
    expect(heard).toEqual([]);
    expect(current.sqlite.prepare(`SELECT count(*) AS n FROM station WHERE key = 'x'`).get()).toEqual({ n: 0 });
    expect([await current.count('patients'), current.audit.read().length, current.pendingIntents().length]).toEqual([
      0, 0, 0,
    ]);
    await current.write('patients', patientDraft(2));
    expect(heard).toEqual([derivedId('test', 'patient', 2)]);
    listening.unsubscribe();
  });

  it('refuses to wait for a promise and to be used when it is over', async () => {
    const current = await opened();
    const waiting = current.transaction(async (transaction) => {
      transaction.put('patients', patientDraft(1));
      await Promise.resolve();
    });
    await expect(waiting).rejects.toThrow('cannot wait');
    expect(await current.count('patients')).toBe(0);
    const kept = await current.transaction((transaction) => [transaction]);
    expect(() => kept[0]?.put('patients', patientDraft(1))).toThrow('over');
  });

  it('writes an intent once, and counts ordinals per subject', async () => {
    const current = await opened();
    const [one, two] = [derivedId('subject', 1), derivedId('subject', 2)];
    await current.transaction((transaction) => {
      for (const [seed, subject] of [
        ['a', one],
        ['b', two],
        ['c', one],
        ['a', one],
      ] as const)
        transaction.intent(startIntent(seed, subject));
    });
    expect(current.pendingIntents().map((intent) => [intent.subjectId, intent.ordinal])).toEqual([
      [one, 1],
      [two, 1],
      [one, 2],
    ]);
    const other = current.transaction((transaction) =>
      transaction.intent({ ...startIntent('a', one), payload: { other: true } }),
    );
    await expect(other).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  it('is heard by watchers after its commit', async () => {
    const current = await opened();
    const next = firstValueFrom(current.watch('patients', { selector: { number: 'HR-1' } }).pipe(skip(1)));
    await firstValueFrom(current.watch('patients'));
    await current.write('patients', patientDraft(1));
    expect(await next).toMatchObject([{ number: 'HR-1', birthDate: '1980-02-29' }]);
  });
});

describe('the file', () => {
  it('is for its owner alone from the first byte on, and so is what SQLite makes beside it', async () => {
    const modes = (): Record<string, string> =>
      Object.fromEntries(
        readdirSync(folder.path).map((name) => [name, (statSync(join(folder.path, name)).mode & 0o777).toString(8)]),
      );
    const current = await opened();
    await current.write('patients', patientDraft(1));
    expect(modes()).toEqual({ [CHECK_FILE]: '600', [STORE_FILE]: '600', [`${STORE_FILE}-wal`]: '600' });
    // A log of an older version, which is still there after a kill.
    const log = readFileSync(join(folder.path, `${STORE_FILE}-wal`));
    await current.close();
    writeFileSync(join(folder.path, `${STORE_FILE}-wal`), log, { mode: 0o644 });
    await opened();
    const ofLog = { [`${STORE_FILE}-wal`]: '600', [`${STORE_FILE}-shm`]: '600' };
    expect(modes()).toEqual({ [CHECK_FILE]: '600', [STORE_FILE]: '600', ...ofLog });
  });

  it('does not open with another key, and is not touched by the try', async () => {
    await (await opened()).write('patients', patientDraft(1));
    await store?.close();
    const before = readFileSync(join(folder.path, STORE_FILE));
    const other = new Uint8Array(32).fill(8);
    await expect(openTestStore(folder.path, { key: other })).rejects.toMatchObject({ code: 'KEY_WRONG' });
    expect(readFileSync(join(folder.path, STORE_FILE)).equals(before)).toBe(true);
    expect(await (await opened()).count('patients')).toBe(1);
  });

  it.each([0, 3, 31])(
    'opens with its key, and with no other, where %i bytes are left of the check value',
    async (bytes) => {
      await (await opened()).write('patients', patientDraft(1));
      await store?.close();
      const path = join(folder.path, CHECK_FILE);
      const whole = readFileSync(path);
      const before = readFileSync(join(folder.path, STORE_FILE));
      truncateSync(path, bytes);
      const other = new Uint8Array(32).fill(8);
      await expect(openTestStore(folder.path, { key: other })).rejects.toMatchObject({ code: 'KEY_WRONG' });
      expect([readFileSync(path).length, readFileSync(join(folder.path, STORE_FILE)).equals(before)]).toEqual([
        bytes,
        true,
      ]);
      expect(await (await opened()).count('patients')).toBe(1);
      expect(readFileSync(path)).toEqual(whole);
    },
  );

  it.each([
    ['its first page is damaged', (path: string) => overwrite(path, 20, 64)],
    ['its salt is damaged', (path: string) => overwrite(path, 0, 16)],
    ['it is empty', (path: string) => truncateSync(path, 0)],
    ['it was cut to a few bytes', (path: string) => truncateSync(path, 100)],
  ])('is called damaged and left alone where %s', async (_what, damage) => {
    await (await opened()).write('patients', patientDraft(1));
    await store?.close();
    const path = join(folder.path, STORE_FILE);
    damage(path);
    const before = readFileSync(path);
    await expect(openTestStore(folder.path)).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('says so where a page within is damaged', async () => {
    const current = await opened();
    await current.transaction((transaction) => {
      for (let seed = 0; seed < 300; seed += 1) transaction.put('patients', patientDraft(seed));
    });
    await current.close();
    const path = join(folder.path, STORE_FILE);
    overwrite(path, Math.floor(statSync(path).size / 8192) * 4096 + 100, 500);
    // Whether opening needs that page or not: it is found, and never read as something else.
    const verdict = await opened().then(
      (again) => (again.integrityCheck().ok ? 'not noticed' : 'noticed'),
      (error: unknown) => (error instanceof VantageError && error.code === 'STORE_DAMAGED' ? 'noticed' : error),
    );
    expect(verdict).toBe('noticed');
  });

  it('is not opened by an older version', async () => {
    const current = await opened();
    current.sqlite.pragma(`user_version = ${MIGRATIONS.length + 1}`);
    await current.close();
    await expect(openTestStore(folder.path)).rejects.toMatchObject({ code: 'STORE_NEWER' });
  });

  it('made when collections had other indexes opens, with those of now', async () => {
    const current = await opened();
    await current.write('patients', patientDraft(1));
    await current.rxCollections();
    const internal = '"rx:_rxdb_internal:0"';
    const row = current.sqlite
      .prepare<[], { id: string; data: string }>(
        `SELECT id, data FROM ${internal} WHERE data LIKE '%"name":"patients"%'`,
      )
      .get();
    const older = JSON.parse(row?.data ?? '') as { data: { schemaHash: string; schema: { indexes: unknown[] } } };
    older.data.schemaHash = 'of another time';
    older.data.schema.indexes = older.data.schema.indexes.filter(
      (index) => !JSON.stringify(index).includes('familyName'),
    );
    current.sqlite.prepare(`UPDATE ${internal} SET data = ? WHERE id = ?`).run(JSON.stringify(older), row?.id);
    current.sqlite.exec(
      'DROP INDEX "rx:patients:0 (deleted, v:familyName, id)"; ALTER TABLE "rx:patients:0" DROP COLUMN "v:familyName"',
    );
    const again = await opened();
    expect(await again.find('patients', { selector: { familyName: 'Family 1' } })).toHaveLength(1);
    const { patients } = await again.rxCollections();
    expect(await patients.find({ selector: { familyName: 'Family 1' } }).exec()).toHaveLength(1);
  });

  it('and RxDB over the same tables hear of what the other writes', async () => {
    const current = await opened();
    const written = await current.write('patients', patientDraft(1));
    const { patients } = await current.rxCollections();
    const document = await patients.findOne(written.id).exec();
    expect(document?.familyName).toBe('Family 1');

    await current.write('patients', { ...written, familyName: 'of the store' });
    expect(document?.getLatest().familyName).toBe('of the store');

    const heard: string[] = [];
    current.changes().subscribe(({ collection, id, operation }) => heard.push(`${operation} ${collection} ${id}`));
    await document?.getLatest().incrementalPatch({ familyName: 'of RxDB' });
    expect(heard).toEqual([`UPDATE patients ${written.id}`]);
    expect(await current.get('patients', written.id)).toMatchObject({ familyName: 'of RxDB' });
  });

  it('shows nothing of a document to whoever reads the disk, while open and after', async () => {
    const canary = 'CANARY-4f1c-Ωλ';
    const current = await opened();
    await current.write('patients', patientDraft(1, { familyName: canary }));
    const searched = (): boolean[] =>
      readdirSync(folder.path).map((name) => readFileSync(join(folder.path, name)).includes(canary));
    expect(statSync(join(folder.path, `${STORE_FILE}-wal`)).size).toBeGreaterThan(4096);
    expect(searched()).not.toContain(true);
    await current.close();
    expect(searched()).not.toContain(true);
    expect(readFileSync(join(folder.path, STORE_FILE)).includes('SQLite format')).toBe(false);
  });

  it('that is full refuses the write, keeps what it had, and goes on when there is space', async () => {
    const current = await opened();
    await current.write('patients', patientDraft(1), { audit: [auditEntry('patient.created', 'x')] });
    const pages = Number(current.sqlite.pragma('page_count', { simple: true }));
    current.sqlite.pragma(`max_page_count = ${pages}`);
    const big = patientDraft(2, { allergies: Array.from({ length: 20_000 }, (_, index) => `allergy ${index}`) });
    await expect(
      current.write('patients', big, { audit: [auditEntry('patient.created', big.id)] }),
    ).rejects.toMatchObject({ code: 'DISK_FULL' });
    expect([await current.count('patients'), current.audit.read().length]).toEqual([1, 1]);
    current.sqlite.pragma('max_page_count = 1000000');
    await current.write('patients', big, { audit: [auditEntry('patient.created', big.id)] });
    expect([await current.count('patients'), verifyAudit(current)]).toEqual([2, { entries: 2, ok: true }]);
    expect(current.integrityCheck()).toEqual({ ok: true, problems: [] });
  });
});

function overwrite(path: string, position: number, length: number): void {
  const handle = openSync(path, 'r+');
  writeSync(handle, Buffer.alloc(length, 0x5a), 0, length, position);
  closeSync(handle);
}
