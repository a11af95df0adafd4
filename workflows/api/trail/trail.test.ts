import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditEntry } from '../../../electron/contract/index.ts';
import { CLOUD_PATHS } from '../../../electron/contract/index.ts';
import { hashOf } from '../../../electron/core/audit/chain.ts';
import type { TestStation } from '../testing/station.ts';
import { call } from '../testing/station.ts';
import type { TestApi } from '../testing/test-api.ts';
import { NORTH_HARBOUR, NORTH_HILL, startTestApi } from '../testing/test-api.ts';

let cloud: TestApi;
beforeAll(async () => {
  cloud = await startTestApi();
});
afterAll(async () => cloud.close());

/** A trail as a station keeps it, hashed by the station's own code. */
function trail(length: number, subjectId = 'patient-1', detail: AuditEntry['detail'] = {}): AuditEntry[] {
  const entries: AuditEntry[] = [];
  for (let sequence = 1; sequence <= length; sequence += 1) {
    const unhashed = {
      at: new Date(Date.UTC(2026, 10, 21, 9, 0, sequence)).toISOString(),
      actorId: 'staff-1',
      role: 'facilitator',
      action: 'patient.read',
      subjectKind: 'patient',
      subjectId,
      detail: { ...detail, sequence },
      sequence,
      previousHash: entries.at(-1)?.hash ?? '0'.repeat(64),
    };
    entries.push({ ...unhashed, hash: hashOf(unhashed) });
  }
  return entries;
}

async function send(station: TestStation, entries: readonly unknown[]) {
  return (await station.call(CLOUD_PATHS.audit, { contractVersion: '1.0', entries })).body;
}

async function breaks(station: TestStation) {
  const { rows } = await cloud.database.admin.query<{ sequence: string; reason: string; entries: AuditEntry[] }>(
    'SELECT sequence, reason, entries FROM audit_breaks WHERE station_id = $1 ORDER BY received_at',
    [station.stationId],
  );
  return rows;
}

/** The same entries, one of them altered and the rest hashed anew, as somebody would who covers it up. */
function rewritten(entries: readonly AuditEntry[], at: number): AuditEntry[] {
  const result: AuditEntry[] = [];
  for (const [index, { hash: _hash, ...entry }] of entries.entries()) {
    const actorId = index === at ? 'somebody else' : entry.actorId;
    const next = { ...entry, actorId, previousHash: result.at(-1)?.hash ?? entry.previousHash };
    result.push({ ...next, hash: hashOf(next) });
  }
  return result;
}

/** How a trail goes on after an older copy was put back. */
function putBack(older: readonly AuditEntry[], length: number): AuditEntry[] {
  const result = [...older];
  for (let index = 0; index < length; index += 1) {
    const sequence = result.length + 1;
    const unhashed = {
      at: new Date(Date.UTC(2026, 10, 21, 12, 0, sequence)).toISOString(),
      actorId: 'staff-1',
      role: 'operator',
      action: index === 0 ? 'store.restored' : 'patient.read',
      subjectKind: 'store',
      subjectId: 'store-1',
      detail: { older: older.length },
      sequence,
      previousHash: result.at(-1)?.hash ?? '0'.repeat(64),
    };
    result.push({ ...unhashed, hash: hashOf(unhashed) });
  }
  return result;
}

describe('a station’s audit trail', () => {
  it('is taken as it comes, in segments, and again', async () => {
    const station = await cloud.station(NORTH_HARBOUR);
    const entries = trail(10);
    expect(await send(station, entries.slice(0, 4))).toEqual({ verdict: 'whole', count: 4, expected: 5 });
    expect(await send(station, entries.slice(2, 7))).toEqual({ verdict: 'whole', count: 7, expected: 8 });
    expect(await send(station, entries)).toEqual({ verdict: 'whole', count: 10, expected: 11 });
    const { rows } = await cloud.database.admin.query<{ entry: AuditEntry }>(
      'SELECT entry FROM audit_entries WHERE station_id = $1 ORDER BY sequence',
      [station.stationId],
    );
    expect(rows.map(({ entry }) => entry)).toEqual(entries);
    expect(await breaks(station)).toEqual([]);
  });

  it('has no gaps: what comes too early is asked for from where it ends', async () => {
    const station = await cloud.station(NORTH_HARBOUR);
    const entries = trail(6);
    await send(station, entries.slice(0, 2));
    expect(await send(station, entries.slice(3))).toEqual({ verdict: 'gap', count: 2, expected: 3 });
    expect(await send(station, entries.slice(2))).toEqual({ verdict: 'whole', count: 6, expected: 7 });
  });

  it.each<[string, (entries: readonly AuditEntry[]) => readonly AuditEntry[], string, number]>([
    ['changed', (all) => all.with(3, { ...all[3]!, actorId: 'x' }), 'CHANGED', 4],
    ['changed in its detail', (all) => all.with(3, { ...all[3]!, detail: {} }), 'CHANGED', 4],
    ['taken out', (all) => all.toSpliced(3, 1), 'NOT_LINKED', 5],
    ['put in twice', (all) => all.toSpliced(3, 0, all[2]!), 'NOT_LINKED', 3],
    ['moved', (all) => all.with(3, all[4]!).with(4, all[3]!), 'NOT_LINKED', 5],
    ['of another trail', (all) => all.with(3, trail(4, 'patient-2')[3]!), 'NOT_LINKED', 4],
  ])('with an entry %s is taken up to there, the rest kept as evidence', async (_what, tamper, reason, sequence) => {
    const station = await cloud.station(NORTH_HARBOUR);
    const sent = tamper(trail(6));
    const answer = await send(station, sent);
    expect(answer).toEqual({ verdict: 'broken', count: 3, expected: 4 });
    const [evidence] = await breaks(station);
    expect(evidence).toMatchObject({ reason, sequence: String(sequence) });
    expect(evidence?.entries).toEqual(sent.slice(3));
    // The same again is no second piece of evidence, and the true trail is still taken.
    await send(station, sent);
    expect(await breaks(station)).toHaveLength(1);
    expect(await send(station, trail(6))).toEqual({ verdict: 'whole', count: 6, expected: 7 });
  });

  it('cannot be rewritten after it was sent', async () => {
    const station = await cloud.station(NORTH_HARBOUR);
    const entries = trail(5);
    await send(station, entries);
    expect(await send(station, rewritten(entries, 1))).toEqual({ verdict: 'broken', count: 5, expected: 6 });
    expect(await breaks(station)).toMatchObject([{ reason: 'REWRITTEN', sequence: '2' }]);
    // Nor be begun anew behind the old one.
    const another = trail(8, 'patient-9');
    expect(await send(station, another.slice(5))).toEqual({ verdict: 'broken', count: 5, expected: 6 });
  });

  it('goes on as a branch where an older copy was put back and says so, and keeps what it leaves behind', async () => {
    const station = await cloud.station(NORTH_HARBOUR);
    const first = trail(10);
    await send(station, first);
    const second = putBack(first.slice(0, 6), 4);
    expect(await send(station, second.slice(5))).toEqual({ verdict: 'whole', count: 10, expected: 11 });
    // The same again, and what follows from it; no more from the one that was left.
    expect(await send(station, second.slice(6))).toEqual({ verdict: 'whole', count: 10, expected: 11 });
    expect(await send(station, second.slice(8))).toEqual({ verdict: 'whole', count: 10, expected: 11 });
    expect(await send(station, first.slice(7))).toMatchObject({ verdict: 'broken', count: 10 });
    // From an even older copy, shorter than before.
    const third = putBack(first.slice(0, 3), 2);
    expect(await send(station, third.slice(2))).toEqual({ verdict: 'whole', count: 5, expected: 6 });
    expect(await send(station, third)).toEqual({ verdict: 'whole', count: 5, expected: 6 });
    const { rows } = await cloud.database.admin.query<{ branch: number; entry: AuditEntry }>(
      'SELECT branch, entry FROM audit_entries WHERE station_id = $1 ORDER BY branch, sequence',
      [station.stationId],
    );
    const of = (branch: number): AuditEntry[] => rows.filter((row) => row.branch === branch).map(({ entry }) => entry);
    expect(of(0)).toEqual(first);
    expect(of(1)).toEqual(second.slice(6));
    expect(of(2)).toEqual(third.slice(3));
  });

  it('is no branch where the entry that says so does not follow, or was changed', async () => {
    const station = await cloud.station(NORTH_HARBOUR);
    const first = trail(6);
    await send(station, first);
    const other = putBack(trail(3, 'patient-2'), 2);
    expect(await send(station, other.slice(3))).toEqual({ verdict: 'broken', count: 6, expected: 7 });
    const [said, ...rest] = putBack(first.slice(0, 3), 2).slice(3);
    expect(await send(station, [{ ...said!, actorId: 'x' }, ...rest])).toMatchObject({ verdict: 'broken', count: 6 });
    expect((await breaks(station)).map(({ reason }) => reason)).toEqual(['NOT_LINKED', 'CHANGED']);
  });

  it('keeps any text as it came', async () => {
    const station = await cloud.station(NORTH_HARBOUR);
    const entries = trail(2, 'a\0b\ud800', { note: '\0' });
    expect(await send(station, entries)).toMatchObject({ verdict: 'whole', count: 2 });
  });

  it('is taken once when it comes twice at the same moment', async () => {
    const station = await cloud.station(NORTH_HARBOUR);
    const entries = trail(20);
    const answers = await Promise.all([1, 2, 3].map(async () => send(station, entries)));
    expect(answers).toEqual(answers.map(() => ({ verdict: 'whole', count: 20, expected: 21 })));
  });
});

describe('looking into the trails', () => {
  it('finds who saw somebody, at the locations of the administrator, page by page', async () => {
    const subjectId = randomUUID();
    const here = await cloud.station(NORTH_HARBOUR);
    const there = await cloud.station(NORTH_HILL);
    await send(here, trail(501, subjectId));
    await send(there, trail(3, subjectId));
    const admin = await cloud.person('admin', NORTH_HARBOUR);
    const search = async (body: object) =>
      (await call(cloud.base, '/v1/audit/search', admin, body)).body as unknown as {
        readonly entries: readonly (AuditEntry & { readonly stationId: string })[];
        readonly more: boolean;
      };
    const first = await search({ subjectId });
    expect([first.entries.length, first.more]).toEqual([500, true]);
    expect(new Set(first.entries.map(({ stationId }) => stationId))).toEqual(new Set([here.stationId]));
    const { at, stationId, sequence } = first.entries.at(-1)!;
    const second = await search({ subjectId, after: { at, stationId, sequence } });
    expect([second.entries.map((entry) => entry.sequence), second.more]).toEqual([[501], false]);
    const period = { from: '2026-11-21T09:00:10.000Z', to: '2026-11-21T09:00:12.000Z' };
    expect((await search({ subjectId, ...period })).entries.map((entry) => entry.sequence)).toEqual([10, 11]);
  });
});
