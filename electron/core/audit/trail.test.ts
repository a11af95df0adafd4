import { generateKeyPairSync } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VantageError } from '../../contract/index.ts';
import type { AuditReport } from '../../contract/index.ts';
import type { Store } from '../store/index.ts';
import {
  AUTHOR,
  auditEntry,
  LOCATION,
  openTestStore,
  STATION,
  temporaryFolder,
  TENANT,
} from '../store/testing/documents.ts';
import { CHECKPOINT_EVERY, lastCheckpoint, readCheckpoints } from './checkpoints.ts';
import { TrailKeeper } from './trail-keeper.ts';
import { verifyExport } from './verify-export.ts';

const WHO = { id: AUTHOR, role: 'operator' };
const PRIVATE_KEY = newPrivateKey();
/** A minute an entry, from here on. */
const START = Date.parse('2026-11-20T22:00:00.000Z');

let folder: ReturnType<typeof temporaryFolder>;
let store: Store;
let keeper: TrailKeeper;
let clockMs: number;

function newPrivateKey(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function keeperOf(privateKey = PRIVATE_KEY): TrailKeeper {
  return new TrailKeeper({
    store,
    station: { tenantId: TENANT, locationId: LOCATION, stationId: STATION, privateKey },
    exportsFolder: join(folder.path, 'exports'),
    now: () => new Date(clockMs),
  });
}

async function append(count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    clockMs += 60_000;
    await store.audit.append({
      ...auditEntry('patient.read', `patient-${index % 7}`),
      at: new Date(clockMs).toISOString(),
    });
  }
}

async function exported(from: string, to: string): Promise<string> {
  const { folder: place, fileName } = await keeper.export(WHO, { from, to });
  return join(place, fileName);
}

/** What somebody with the key of the file could do behind the program's back. */
function tamper(...statements: string[]): void {
  for (const table of ['audit', 'audit_checkpoints']) {
    store.sqlite.exec(`DROP TRIGGER IF EXISTS ${table}_no_update; DROP TRIGGER IF EXISTS ${table}_no_delete;`);
  }
  for (const sql of statements) store.sqlite.exec(sql);
}

beforeEach(async () => {
  folder = temporaryFolder();
  clockMs = START;
  store = await openTestStore(folder.path);
  keeper = keeperOf();
});
afterEach(async () => {
  await store.close();
  folder.remove();
});

describe('checkpoints', () => {
  it('are made with each entry that completes a count, once a day, and when the station stops', async () => {
    await append(3);
    await keeper.daily();
    await keeper.daily();
    await append(CHECKPOINT_EVERY);
    await keeper.daily();
    await append(1);
    await keeper.close();
    await keeper.close();
    expect(readCheckpoints(store.sqlite).map(({ number, cause, sequence }) => [number, cause, sequence])).toEqual([
      [1, 'day', 3],
      [2, 'count', 256],
      [3, 'closed', 260],
    ]);
  });

  it('are of the same transaction as the entry, and go back with it', async () => {
    await append(CHECKPOINT_EVERY - 1);
    const refused = store.transaction((tx) => {
      tx.audit(auditEntry('patient.read', 'patient-1'));
      throw new VantageError('INPUT_INVALID');
    });
    await expect(refused).rejects.toThrow('INPUT_INVALID');
    expect(lastCheckpoint(store.sqlite)).toBeNull();
    await append(1);
    expect(lastCheckpoint(store.sqlite)).toMatchObject({ sequence: CHECKPOINT_EVERY });
  });

  it('refuse change, replacement and removal', async () => {
    await append(1);
    await keeper.close();
    for (const sql of [
      'UPDATE audit_checkpoints SET sequence = 9',
      'DELETE FROM audit_checkpoints',
      'INSERT OR REPLACE INTO audit_checkpoints SELECT * FROM audit_checkpoints',
    ]) {
      expect(() => store.sqlite.exec(sql)).toThrow('append-only');
    }
  });
});

describe('the verification of the whole trail', () => {
  beforeEach(async () => {
    await append(20);
    await keeper.close();
    await append(20);
    await keeper.close();
    await append(5);
  });

  it('tells how far the trail is whole and signed, remembers it, and is an entry itself', async () => {
    const report = await keeper.verify(WHO);
    expect(report).toMatchObject({
      ok: true,
      entries: 45,
      firstBad: null,
      findings: [],
      timesBack: [],
      checkpoints: 2,
      sealedThrough: 40,
    });
    expect(keeper.lastVerified()).toMatchObject({ ok: true, entries: 45, verifiedAt: report.verifiedAt });
    expect(store.audit.read({ afterSequence: 45 })).toMatchObject([{ action: 'audit.verified', actorId: AUTHOR }]);
  });

  it.each<[string, string[], Partial<AuditReport>]>([
    [
      'an entry changed',
      [`UPDATE audit SET actor_id = 'x' WHERE sequence = 7`],
      { findings: [{ kind: 'changed', sequence: 7 }] },
    ],
    [
      'entries taken out',
      ['DELETE FROM audit WHERE sequence BETWEEN 12 AND 14'],
      { findings: [{ kind: 'missing', sequence: 12, through: 14 }] },
    ],
    [
      'the end cut off',
      ['DELETE FROM audit WHERE sequence > 42'],
      { findings: [{ kind: 'missing', sequence: 43, through: 45 }] },
    ],
    [
      'a signed end cut off, and the counter set back',
      [
        'DELETE FROM audit WHERE sequence > 30',
        `UPDATE sqlite_sequence SET seq = 30 WHERE name = 'audit'`,
        'DELETE FROM audit_checkpoints WHERE number = 2',
      ],
      { findings: [{ kind: 'checkpoint-missing', sequence: 20, checkpoint: 2 }] },
    ],
    [
      'a checkpoint moved to another entry',
      ['UPDATE audit_checkpoints SET sequence = 19 WHERE number = 1'],
      { firstBad: 19, sealedThrough: 40 },
    ],
  ])('finds %s', async (_what, sql, expected) => {
    tamper(...sql);
    expect(await keeper.verify(WHO)).toMatchObject({ ok: false, ...expected });
  });

  it('finds a chain that was written anew: it is not the one that was signed', async () => {
    const entries = store.audit.read();
    tamper('DELETE FROM audit', `DELETE FROM sqlite_sequence WHERE name = 'audit'`);
    for (const { sequence, previousHash: _previous, hash: _hash, ...entry } of entries) {
      await store.audit.append(sequence === 3 ? { ...entry, actorId: 'somebody else' } : entry);
    }
    expect(await keeper.verify(WHO)).toMatchObject({
      ok: false,
      firstBad: 20,
      findings: [
        { kind: 'not-as-signed', sequence: 20, checkpoint: 1 },
        { kind: 'not-as-signed', sequence: 40, checkpoint: 2 },
      ],
    });
  });

  it('takes no signature but of its own station', async () => {
    keeper = keeperOf(newPrivateKey());
    expect((await keeper.verify(WHO)).findings.map(({ kind }) => kind)).toEqual([
      'not-signed-by-station',
      'not-signed-by-station',
    ]);
  });

  it('names times that go back, and holds them against nobody', async () => {
    clockMs -= 3_600_000;
    await append(2);
    expect(await keeper.verify(WHO)).toMatchObject({
      ok: true,
      timesBack: [{ sequence: 46, at: '2026-11-20T21:46:00.000Z', before: '2026-11-20T22:45:00.000Z' }],
    });
  });

  it('can be stopped, and remembers nothing then', async () => {
    await expect(keeper.verify(WHO, { signal: AbortSignal.abort(new VantageError('CANCELLED')) })).rejects.toThrow(
      'CANCELLED',
    );
    expect(keeper.lastVerified()).toBeNull();
  });

  it('lets others write meanwhile, and counts what it has seen', async () => {
    await append(1000);
    const seen: [number, number][] = [];
    const running = keeper.verify(WHO, { progress: (done, total) => seen.push([done, total]) });
    await append(1);
    expect(await running).toMatchObject({ ok: true, entries: 1045 });
    expect(seen).toEqual([
      [500, 1045],
      [1000, 1045],
      [1045, 1045],
    ]);
  });
});

describe('a copy of a period', () => {
  it('verifies by itself, holds the period and what its checkpoint covers, and is in the trail', async () => {
    await append(300);
    const path = await exported('2026-11-20T22:10:00.000Z', '2026-11-20T22:20:00.000Z');
    const verdict = await verifyExport(path);
    expect(verdict).toMatchObject({ ok: true, findings: [], sealedThrough: 256 });
    expect(verdict.header).toMatchObject({
      first: 10,
      lastOfPeriod: 19,
      last: 256,
      stationId: STATION,
      keyId: keeper.keyId,
    });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(store.audit.read({ afterSequence: 300 })).toMatchObject([
      { action: 'audit.exported', detail: { from: '2026-11-20T22:10:00.000Z', to: '2026-11-20T22:20:00.000Z' } },
    ]);
    expect((await keeper.verify(WHO)).ok).toBe(true);
  });

  it('of now is signed up to the entry that tells of it', async () => {
    await append(3);
    const verdict = await verifyExport(await exported('2026-11-20T00:00:00.000Z', '2026-11-22T00:00:00.000Z'));
    expect(verdict).toMatchObject({ ok: true, entries: 4, checkpoints: 1, sealedThrough: 4 });
  });

  it('without an entry says so under the signature', async () => {
    await append(3);
    const verdict = await verifyExport(await exported('2020-01-01T00:00:00.000Z', '2020-02-01T00:00:00.000Z'));
    expect(verdict).toMatchObject({ ok: true, entries: 0, checkpoints: 0, sealedThrough: null });
  });

  it('is refused for a period that ends before it begins', async () => {
    await expect(exported('2026-11-21T00:00:00.000Z', '2026-11-20T00:00:00.000Z')).rejects.toThrow('INPUT_INVALID');
  });

  it('that is stopped leaves no file, and an entry that says so', async () => {
    await append(3);
    const stopped = keeper.export(
      WHO,
      { from: '2026-11-20T00:00:00.000Z', to: '2026-11-22T00:00:00.000Z' },
      { signal: AbortSignal.abort(new VantageError('CANCELLED')) },
    );
    await expect(stopped).rejects.toThrow('CANCELLED');
    expect(readdirSync(join(folder.path, 'exports'))).toEqual([]);
    expect(store.audit.read().at(-1)?.action).toBe('audit.export-stopped');
  });

  it('that a kill left half made is gone at the next start, and no other', async () => {
    await append(3);
    expect(await keeper.sweep()).toBe(0);
    const period = { from: '2026-11-20T00:00:00.000Z', to: '2026-11-22T00:00:00.000Z' };
    const { fileName } = await keeper.export(WHO, period);
    writeFileSync(join(folder.path, 'exports', 'audit-2026-11-20-to-2026-11-21-made-20261121T120000Z.jsonl.tmp'), '{');
    expect(await keeper.sweep()).toBe(1);
    expect(readdirSync(join(folder.path, 'exports'))).toEqual([fileName]);
  });

  it.each<[string, (lines: string[]) => string[], RegExp]>([
    ['a changed entry', (lines) => lines.map((line) => line.replace('patient-3', 'patient-4')), /was changed/],
    ['an entry taken out', (lines) => lines.toSpliced(3, 1), /is entry 4 after 2/],
    ['its end cut off', (lines) => lines.slice(0, -2), /before its end/],
    ['lines after the end', (lines) => [...lines.slice(0, -1), lines[1] ?? '', ''], /after the end/],
    [
      'a changed period',
      (lines) => lines.map((line) => line.replace('"to":"2026-11-22', '"to":"2026-11-23')),
      /other bytes/,
    ],
    [
      'words of somebody else at its end',
      (lines) => lines.map((line) => line.replace('"kind":"end"', '"kind":"end","note":"seen by nobody"')),
      /otherwise, than an end/,
    ],
    [
      'its end repeated in another form',
      (lines) => lines.map((line) => line.replace('{"kind":"end"', '{ "kind":"end"')),
      /otherwise, than an end/,
    ],
    ['something else altogether', () => ['%PDF-1.7', ''], /is no JSON/],
    [
      'another key in its header',
      (lines) => lines.map((line, index) => (index === 0 ? withOtherKey(line) : line)),
      /not signed with the header's key/,
    ],
  ])('does not verify with %s', async (_what, change, what) => {
    await append(8);
    const path = await exported('2026-11-20T00:00:00.000Z', '2026-11-22T00:00:00.000Z');
    writeFileSync(path, change(readFileSync(path, 'utf8').split('\n')).join('\n'));
    const verdict = await verifyExport(path);
    expect(verdict.ok).toBe(false);
    expect(verdict.findings.map((finding) => finding.what).join('; ')).toMatch(what);
  });
});

function withOtherKey(header: string): string {
  const other = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  return JSON.stringify({ ...(JSON.parse(header) as object), publicKey: other });
}
