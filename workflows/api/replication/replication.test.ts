import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { MasterRow, PullResponse, PushVerdict } from '../../../electron/contract/index.ts';
import {
  MAX_DRIFT_MS,
  compareHlc,
  formatHlc,
  newId,
  parseHlc,
  replicationPath,
} from '../../../electron/contract/index.ts';
import { purgeBefore } from '../../database/purge.ts';
import { withScope } from '../../database/scope.ts';
import { patientDocument } from '../../database/testing/seed.ts';
import type { Fields } from '../testing/documents.ts';
import { alertDocument, pull, pullAll, push, rowOf, sessionDocument } from '../testing/documents.ts';
import type { TestStation } from '../testing/station.ts';
import { call } from '../testing/station.ts';
import type { TestApi } from '../testing/test-api.ts';
import { NORTH_HARBOUR, NORTH_HILL, SOUTH_HARBOUR, startTestApi } from '../testing/test-api.ts';

let cloud: TestApi;
let one: TestStation;
let two: TestStation;
let hill: TestStation;
beforeAll(async () => {
  cloud = await startTestApi();
  one = await cloud.station(NORTH_HARBOUR);
  two = await cloud.station(NORTH_HARBOUR);
  hill = await cloud.station(NORTH_HILL);
});
afterAll(async () => cloud.close());
beforeEach(async () => {
  for (const table of ['documents', 'departures', 'mutations', 'quarantine']) {
    await cloud.database.admin.query(`DELETE FROM ${table}`);
  }
  await cloud.database.admin.query('UPDATE document_counters SET purged_seq = 0');
});

const kinds = (verdicts: readonly PushVerdict[]): string[] => verdicts.map(({ verdict }) => verdict);

async function quarantineRows(): Promise<readonly { readonly content: string; readonly times: number }[]> {
  const { rows } = await cloud.database.admin.query<{ content: string; times: number }>(
    'SELECT content, times, reason, field FROM quarantine ORDER BY first_at, id',
  );
  return rows;
}

/** The state as this station would assume it: what it was shown. */
async function shown(station: TestStation, id: unknown): Promise<MasterRow> {
  const row = (await pullAll(station, 'alerts')).findLast(({ document }) => document['id'] === id);
  if (row === undefined) throw new Error('not shown');
  return row;
}

describe('a push', () => {
  it('is what the other station pulls, unknown fields and all', async () => {
    const document = alertDocument(NORTH_HARBOUR, { addedInTheNextVersion: { deep: [1, 2.5, 'ü', null] } });
    const { verdicts } = await push(one, 'alerts', [rowOf(document)]);
    expect(verdicts).toEqual([{ verdict: 'accepted', id: document['id'], version: 1 }]);
    expect((await pull(two, 'alerts')).rows).toEqual([{ document, deleted: false, version: 1 }]);
    expect((await pull(hill, 'alerts')).rows).toEqual([]);
  });

  it('of a document that was here before a purge has a version beyond its former ones', async () => {
    const document = alertDocument(NORTH_HARBOUR);
    await push(one, 'alerts', [rowOf(document)]);
    await push(one, 'alerts', [rowOf(document, { document, deleted: false, version: 1 }, true)]);
    await cloud.database.admin.query('DELETE FROM documents');
    await cloud.database.admin.query('UPDATE document_counters SET purged_seq = seq');
    const [verdict] = (await push(two, 'alerts', [rowOf(document)])).verdicts;
    expect(verdict).toMatchObject({ verdict: 'accepted' });
    expect(verdict?.verdict === 'accepted' && verdict.version).toBeGreaterThan(2);
  });

  it('sent twice under one id has one effect and one answer; another under that id is refused', async () => {
    const mutationId = newId();
    const rows = [rowOf(alertDocument(NORTH_HARBOUR)), { no: 'row' }];
    const first = await push(one, 'alerts', rows, { mutationId });
    expect(await push(one, 'alerts', rows, { mutationId })).toEqual(first);
    expect(await quarantineRows()).toMatchObject([{ times: 1 }]);
    expect((await pullAll(two, 'alerts')).map(({ version }) => version)).toEqual([1]);
    const body = { contractVersion: '1.0', mutationId, checkpoint: null, rows: [] };
    expect(await one.call(replicationPath('alerts', 'push'), body)).toMatchObject({
      status: 409,
      body: { code: 'STATUS_CONFLICT' },
    });
    // Another station's ids are its own.
    expect(kinds((await push(two, 'alerts', [], { mutationId })).verdicts)).toEqual([]);
  });

  it('sent twice at the same moment has one effect', async () => {
    const mutationId = newId();
    const rows = [rowOf(alertDocument(NORTH_HARBOUR))];
    const answers = await Promise.all([1, 2, 3].map(async () => push(one, 'alerts', rows, { mutationId })));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect((await pullAll(two, 'alerts')).map(({ version }) => version)).toEqual([1]);
  });

  it('on the state of the cloud is taken, on another one answered with the state of the cloud', async () => {
    const document = alertDocument(NORTH_HARBOUR);
    await push(one, 'alerts', [rowOf(document)]);
    const base = await shown(two, document['id']);
    const ones = { ...document, text: 'one' };
    const twos = { ...document, text: 'two' };
    // The station that pushed does not know the version that came of it: its content says that it is the same.
    const first = await push(one, 'alerts', [rowOf(ones, { document, deleted: false, version: null })]);
    expect(first.verdicts).toEqual([{ verdict: 'accepted', id: document['id'], version: 2 }]);
    const second = await push(two, 'alerts', [rowOf(twos, base)]);
    const master: MasterRow = { document: { ...ones }, deleted: false, version: 2 };
    expect(second.verdicts).toEqual([{ verdict: 'conflict', id: document['id'], master }]);
    expect(kinds((await push(two, 'alerts', [rowOf(twos, master)])).verdicts)).toEqual(['accepted']);
    expect((await shown(one, document['id'])).document['text']).toBe('two');
  });

  it('of what the cloud has already is taken without a new version, also when it was not known', async () => {
    const document = alertDocument(NORTH_HARBOUR);
    await push(one, 'alerts', [rowOf(document)]);
    const later = { ...document, updatedAt: '2026-11-21T10:00:00.000Z' };
    expect((await push(two, 'alerts', [rowOf(later)])).verdicts).toEqual([
      { verdict: 'accepted', id: document['id'], version: 1 },
    ]);
    expect(kinds((await push(two, 'alerts', [rowOf({ ...document, text: 'other' })])).verdicts)).toEqual(['conflict']);
  });

  it('may name a document twice: the second row follows the first', async () => {
    const document = alertDocument(NORTH_HARBOUR);
    const next = { ...document, text: 'next' };
    const { verdicts } = await push(one, 'alerts', [
      rowOf(document),
      rowOf(next, { document, deleted: false, version: null }),
      rowOf({ ...document, text: 'lost' }, { document, deleted: false, version: null }),
    ]);
    expect(kinds(verdicts)).toEqual(['accepted', 'accepted', 'conflict']);
    expect((await shown(two, document['id'])).document['text']).toBe('next');
  });

  it('deletes with the whole document, and a deleted one can come back', async () => {
    const document = alertDocument(NORTH_HARBOUR);
    await push(one, 'alerts', [rowOf(document)]);
    await push(one, 'alerts', [rowOf(document, { document, deleted: false, version: 1 }, true)]);
    expect(await shown(two, document['id'])).toEqual({ document, deleted: true, version: 2 });
    await push(two, 'alerts', [rowOf(document, { document, deleted: true, version: 2 })]);
    expect((await shown(one, document['id'])).deleted).toBe(false);
  });

  it('does not write what only the cloud writes', async () => {
    const document = sessionDocument(NORTH_HARBOUR, { cloud: { publishedAt: '2026-11-21T09:00:00.000Z' } });
    await push(one, 'sessions', [rowOf(document)]);
    expect((await pullAll(two, 'sessions'))[0]?.document['cloud']).toBeNull();
    await setCloud(document);
    const changed = { ...document, status: 'CAPTURING', cloud: { publishedAt: 'forged' } };
    const { verdicts } = await push(one, 'sessions', [rowOf(changed, { document, deleted: false, version: null })]);
    expect(kinds(verdicts)).toEqual(['accepted']);
    expect((await pullAll(two, 'sessions'))[0]?.document).toMatchObject({
      status: 'CAPTURING',
      cloud: { syncedAt: 'x' },
    });
  });

  it('with clocks beyond the bound is taken, the clocks brought back in their order', async () => {
    const ahead = Date.now() + 2 * MAX_DRIFT_MS;
    const of = (ms: number, counter: number): string => `${ms}-${counter}-${one.stationId}`;
    const hlc = { id: of(ahead, 3), day: of(ahead, 3), text: of(ahead + 1, 0), kind: of(Date.now(), 0) };
    const document = alertDocument(NORTH_HARBOUR, { hlc });
    expect(kinds((await push(one, 'alerts', [rowOf(document)])).verdicts)).toEqual(['accepted']);
    const kept = (await shown(two, document['id'])).document['hlc'] as Readonly<Record<string, string>>;
    expect(kept['kind']).toBe(hlc.kind);
    expect(parseHlc(kept['text'] ?? '')).toMatchObject({ counter: 1, stationId: one.stationId });
    expect(parseHlc(kept['text'] ?? '')?.ms).toBeLessThan(ahead);
    expect(compareHlc(kept['text'] ?? '', kept['id'] ?? '')).toBeGreaterThan(0);
    expect(kept['day']).toBe(kept['id']);
  });
});

async function setCloud(document: Fields): Promise<void> {
  await withScope(
    cloud.api.parts.database,
    { role: 'service', tenantId: NORTH_HARBOUR.tenantId, locations: '*', actor: 'service' },
    async (tx) =>
      tx
        .updateTable('documents')
        .set({ document: JSON.stringify({ ...document, cloud: { syncedAt: 'x' } }) })
        .where('id', '=', String(document['id']))
        .execute(),
  );
}

function deep(levels: number): unknown {
  return JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);
}

describe('a row that cannot be taken', () => {
  const id = newId();
  const base = alertDocument(NORTH_HARBOUR, { id });
  it.each<[string, Fields, string, string]>([
    ['without a needed field', { ...base, kind: undefined }, 'INVALID', 'kind'],
    ['with a field of the wrong kind', { ...base, severity: 'loud' }, 'INVALID', 'severity'],
    ['of an id in capitals', { ...base, id: id.toUpperCase() }, 'INVALID', 'id'],
    ['of a contract that is not served', { ...base, contractVersion: '9.0' }, 'INVALID', 'contractVersion'],
    ['of another tenant', { ...base, tenantId: SOUTH_HARBOUR.tenantId }, 'OUT_OF_SCOPE', 'tenantId'],
    ['of another location', { ...base, locationId: NORTH_HILL.locationId }, 'OUT_OF_SCOPE', 'locationId'],
    ['with NUL in a text', { ...base, text: 'a\0b' }, 'UNSTORABLE', 'document.text'],
    ['with half a character', { ...base, text: '\ud800' }, 'UNSTORABLE', 'document.text'],
    ['with a text of NUL as a key', { ...base, extra: { 'a\0': 1 } }, 'UNSTORABLE', 'document.extra'],
    ['nested deeper than the limit', { ...base, extra: deep(70) }, 'TOO_LARGE', 'document.extra'],
    ['nested deeper than anything', { ...base, extra: deep(4000) }, 'TOO_LARGE', 'document.extra'],
  ])('%s is quarantined, and the others are taken', async (_what, bad, reason, field) => {
    const good = [alertDocument(NORTH_HARBOUR), alertDocument(NORTH_HARBOUR)];
    const { verdicts } = await push(one, 'alerts', [rowOf(good[0]!), rowOf(bad), rowOf(good[1]!)]);
    expect(kinds(verdicts)).toEqual(['accepted', 'quarantined', 'accepted']);
    expect(verdicts[1]).toMatchObject({ id: bad['id'], reason, master: null });
    expect((verdicts[1] as { readonly field: string }).field.startsWith(field)).toBe(true);
    expect((await pullAll(two, 'alerts')).map(({ document }) => document['id'])).toEqual(good.map(({ id }) => id));
    const [kept] = await quarantineRows();
    expect(JSON.parse(kept!.content)).toEqual(JSON.parse(JSON.stringify(rowOf(bad))));
    await push(one, 'alerts', [rowOf(bad)]);
    expect(await quarantineRows()).toMatchObject([{ times: 2 }]);
  });

  it.each([
    ['null', null],
    ['a number', 7],
    ['a list', []],
    ['an object of other things', { document: 'no' }],
  ])('because it is %s is quarantined, too', async (_what, row) => {
    const { verdicts } = await push(one, 'alerts', [row]);
    expect(verdicts).toMatchObject([{ verdict: 'quarantined', id: null, reason: 'INVALID' }]);
  });

  it('because of what its JSON says of prototypes or of numbers beyond all bounds is quarantined, not refused', async () => {
    const text = JSON.stringify(alertDocument(NORTH_HARBOUR));
    const body = `{"contractVersion":"1.0","mutationId":"${newId()}","checkpoint":null,"rows":[
      {"document":${text.replace('"kind"', '"__proto__":{"admin":true},"kind"')},"deleted":false,"assumed":null},
      {"document":${text.replace('"kind"', '"extra":1e999,"kind"')},"deleted":false,"assumed":null},
      {"document":${text.replace('"kind"', '"constructor":{"prototype":{}},"kind"')},"deleted":false,"assumed":null}]}`;
    const { status, body: answer } = await one.call(replicationPath('alerts', 'push'), body);
    expect([status, kinds(answer['verdicts'] as PushVerdict[])]).toEqual([
      200,
      ['quarantined', 'quarantined', 'accepted'],
    ]);
  });

  it('comes back with the state of the cloud when there is one', async () => {
    const document = alertDocument(NORTH_HARBOUR);
    await push(one, 'alerts', [rowOf(document)]);
    const bad = { ...document, severity: 'loud' };
    const { verdicts } = await push(one, 'alerts', [rowOf(bad, { document, deleted: false, version: 1 })]);
    expect(verdicts).toMatchObject([{ verdict: 'quarantined', master: { document, version: 1 } }]);
  });

  it('because it lies at another location is quarantined without a word about it', async () => {
    const document = alertDocument(NORTH_HILL);
    await push(hill, 'alerts', [rowOf(document)]);
    const claimed = { ...document, locationId: NORTH_HARBOUR.locationId };
    const { verdicts } = await push(one, 'alerts', [rowOf(claimed), rowOf(alertDocument(NORTH_HARBOUR))]);
    expect(verdicts).toMatchObject([
      { verdict: 'quarantined', reason: 'OUT_OF_SCOPE', master: null },
      { verdict: 'accepted' },
    ]);
  });

  it('because the database refuses it is quarantined by itself', async () => {
    await cloud.database.admin.query(
      `ALTER TABLE documents ADD CONSTRAINT test_refuses CHECK (document ->> 'text' <> 'refused')`,
    );
    try {
      const rows = ['a', 'refused', 'b'].map((text) => rowOf(alertDocument(NORTH_HARBOUR, { text })));
      expect(kinds((await push(one, 'alerts', rows)).verdicts)).toEqual(['accepted', 'quarantined', 'accepted']);
      expect((await pullAll(two, 'alerts')).map(({ document }) => document['text'])).toEqual(['a', 'b']);
    } finally {
      await cloud.database.admin.query('ALTER TABLE documents DROP CONSTRAINT test_refuses');
    }
  });

  it('is shown to an administrator of the place, without what is in it', async () => {
    await push(one, 'patients', [rowOf({ ...patientDocument(NORTH_HARBOUR), sex: 'wrong' })]);
    await push(hill, 'alerts', [null]);
    const { body } = await call(cloud.base, '/v1/quarantine', await cloud.person('admin', NORTH_HARBOUR));
    expect(body['rows']).toMatchObject([
      { reason: 'INVALID', field: 'sex', documentId: NORTH_HARBOUR.patientId, stationId: one.stationId },
    ]);
    expect(JSON.stringify(body)).not.toContain('Exampleton');
  });
});

/** The first page without what the station has sent itself. */
async function brief(station: TestStation): Promise<PullResponse> {
  const body = { contractVersion: '1.0', checkpoint: null, limit: 10, own: 'brief' };
  return (await station.call(replicationPath('alerts', 'pull'), body)).body as unknown as PullResponse;
}

describe('a pull', () => {
  it('ends a page that has enough bytes, and says that there is more', async () => {
    const long = Array.from({ length: 5 }, () => alertDocument(NORTH_HARBOUR, { extra: 'x'.repeat(10_000) }));
    await push(
      one,
      'alerts',
      long.map((document) => rowOf(document)),
    );
    const pages: (number | boolean | undefined)[][] = [];
    for (let checkpoint: PullResponse['checkpoint'] | null = null, more = true; more;) {
      const body = { contractVersion: '1.0', checkpoint, limit: 100, bytes: 15_000 };
      const answer = await two.call(replicationPath('alerts', 'pull'), body);
      const page = answer.body as unknown as PullResponse;
      pages.push([page.rows.length, page.more]);
      more = page.more === true;
      ({ checkpoint } = page);
    }
    expect(pages).toEqual([
      [2, true],
      [2, true],
      [1, false],
    ]);
  });

  it('leaves out the documents that the station wrote itself, as far as they are as it sent them', async () => {
    const ahead = formatHlc({ ms: Date.now() + 2 * MAX_DRIFT_MS, counter: 0, stationId: one.stationId });
    const [own, rebased, changed] = [
      alertDocument(NORTH_HARBOUR),
      alertDocument(NORTH_HARBOUR, { hlc: { kind: ahead } }),
      alertDocument(NORTH_HARBOUR),
    ];
    await push(one, 'alerts', [rowOf(own), rowOf(rebased), rowOf(changed)]);
    const { version: _version, ...assumed } = await shown(one, changed['id']);
    await push(two, 'alerts', [rowOf({ ...changed, message: 'by two' }, { ...assumed, version: 1 })]);
    const mine = await brief(one);
    expect(mine.own).toEqual([{ id: own['id'], version: 1 }]);
    expect(mine.rows.map(({ document }) => document['id'])).toEqual([rebased['id'], changed['id']]);
    const theirs = await brief(two);
    expect(theirs.rows.map(({ document }) => document['id'])).toEqual([own['id'], rebased['id']]);
    expect(theirs.own).toEqual([{ id: changed['id'], version: 2 }]);
  });

  it('gives full pages until the last, each document once, in order', async () => {
    const documents = Array.from({ length: 25 }, (_, index) => alertDocument(NORTH_HARBOUR, { text: String(index) }));
    await push(
      one,
      'alerts',
      documents.map((document) => rowOf(document)),
    );
    await push(hill, 'alerts', [rowOf(alertDocument(NORTH_HILL))]);
    const sizes: number[] = [];
    const seen: unknown[] = [];
    for (let page = await pull(two, 'alerts', null, 10); ; page = await pull(two, 'alerts', page.checkpoint, 10)) {
      sizes.push(page.rows.length);
      seen.push(...page.rows.map(({ document }) => document['id']));
      if (page.rows.length < 10) break;
    }
    expect(sizes).toEqual([10, 10, 5]);
    expect(new Set(seen)).toEqual(new Set(documents.map(({ id }) => id)));
    expect(seen).toHaveLength(25);
  });

  it('shows a document that moved to another location as deleted, as it last was here, and the whole of it there', async () => {
    const document = alertDocument(NORTH_HARBOUR, { text: 'seen here' });
    await push(one, 'alerts', [rowOf(document)]);
    const before = await pull(two, 'alerts');
    const moved = { ...document, locationId: NORTH_HILL.locationId, text: 'not for here' };
    await move(document['id'], moved);
    const after = await pull(two, 'alerts', before.checkpoint);
    expect(after.rows).toEqual([{ document, deleted: true, version: 0 }]);
    expect((await pullAll(hill, 'alerts')).map((row) => row.document)).toEqual([moved]);
    // What was changed here meanwhile is not lost, and has no effect there.
    const { verdicts } = await push(one, 'alerts', [
      rowOf({ ...document, text: 'late' }, { document, deleted: false, version: 1 }),
    ]);
    expect(verdicts).toMatchObject([{ verdict: 'quarantined', reason: 'OUT_OF_SCOPE', master: null }]);
    await move(document['id'], { ...document, text: 'back' });
    const back = await pull(two, 'alerts', after.checkpoint);
    expect(back.rows.map((row) => [row.document['text'], row.deleted])).toEqual([['back', false]]);
  });

  it('asks for a resync after deletions were purged beyond the checkpoint, and not of who had read so far', async () => {
    const document = alertDocument(NORTH_HARBOUR);
    await push(one, 'alerts', [rowOf(document)]);
    const old = (await pull(two, 'alerts')).checkpoint;
    await push(one, 'alerts', [rowOf(document, { document, deleted: false, version: 1 }, true)]);
    const recent = (await pull(one, 'alerts')).checkpoint;
    const quiet = (await pull(one, 'patients')).checkpoint;
    await cloud.database.admin.query('UPDATE document_counters SET purged_seq = seq WHERE tenant_id = $1', [
      NORTH_HARBOUR.tenantId,
    ]);
    expect(await pull(two, 'alerts', old)).toMatchObject({ rows: [], resync: 'TOMBSTONES_PURGED' });
    expect((await pull(one, 'alerts', recent)).resync).toBeNull();
    expect((await pull(one, 'patients', quiet)).resync).toBeNull();
    expect((await pull(two, 'alerts', null)).resync).toBeNull();
    const late = await push(two, 'alerts', [rowOf(document)], { checkpoint: old });
    expect(late).toEqual({ verdicts: [], resync: 'TOMBSTONES_PURGED' });
  });

  it('lets a reading from the beginning come to its end after a purge, and begin again where more was purged meanwhile', async () => {
    const documents = Array.from({ length: 7 }, () => alertDocument(NORTH_HARBOUR));
    await push(
      one,
      'alerts',
      documents.map((document) => rowOf(document)),
    );
    const purge = async (): Promise<void> => {
      const passing = alertDocument(NORTH_HARBOUR);
      await push(one, 'alerts', [rowOf(passing)]);
      await push(one, 'alerts', [rowOf(passing, { document: passing, deleted: false, version: 1 }, true)]);
      const scope = { role: 'service', tenantId: NORTH_HARBOUR.tenantId, locations: '*', actor: 'service' } as const;
      const later = new Date(Date.now() + 60_000);
      const purged = await withScope(cloud.api.parts.database, scope, async (tx) =>
        purgeBefore(tx, NORTH_HARBOUR.tenantId, later),
      );
      expect(purged).toMatchObject({ tombstones: 1 });
    };
    await purge();
    const seen: unknown[] = [];
    let page = await pull(two, 'alerts', null, 3);
    for (; page.rows.length > 0; page = await pull(two, 'alerts', page.checkpoint, 3)) {
      seen.push(...page.rows.map(({ document }) => document['id']));
    }
    expect([page.resync, seen]).toEqual([null, documents.map(({ id }) => id)]);
    const { checkpoint } = await pull(two, 'alerts', null, 3);
    await purge();
    expect((await pull(two, 'alerts', checkpoint, 3)).resync).toBe('TOMBSTONES_PURGED');
    expect((await pull(two, 'alerts', page.checkpoint, 3)).resync).toBe('TOMBSTONES_PURGED');
    expect((await pull(two, 'alerts', { ...checkpoint, epoch: `${checkpoint.epoch}:x` })).resync).toBe('EPOCH_CHANGED');
  });

  it('asks for a resync after the database was restored, or the station moved', async () => {
    await push(one, 'alerts', [rowOf(alertDocument(NORTH_HARBOUR))]);
    const { checkpoint } = await pull(two, 'alerts');
    expect((await pull(hill, 'alerts', checkpoint)).resync).toBe('EPOCH_CHANGED');
    expect((await pull(two, 'alerts', { ...checkpoint, seq: checkpoint.seq + 5 })).resync).toBe('EPOCH_CHANGED');
    await cloud.database.admin.query('UPDATE document_counters SET epoch = gen_random_uuid()');
    expect((await pull(two, 'alerts', checkpoint)).resync).toBe('EPOCH_CHANGED');
  });

  it('misses nothing while stations push at once', async () => {
    const ROUNDS = 12;
    const written: unknown[] = [];
    const read = new Set<unknown>();
    const stop = new AbortController();
    const reader = (async () => {
      for (let checkpoint = null; ;) {
        const stopped = stop.signal.aborted;
        const page = await pull(two, 'alerts', checkpoint, 5);
        for (const { document } of page.rows) read.add(document['id']);
        checkpoint = page.checkpoint as never;
        if (stopped && page.rows.length < 5) return;
      }
    })();
    await Promise.all(
      [one, two, one, two].map(async (station) => {
        for (let round = 0; round < ROUNDS; round += 1) {
          const documents = [alertDocument(NORTH_HARBOUR), alertDocument(NORTH_HARBOUR)];
          await push(
            station,
            'alerts',
            documents.map((document) => rowOf(document)),
          );
          written.push(...documents.map(({ id }) => id));
        }
      }),
    );
    stop.abort();
    await reader;
    console.log(`${written.length} pushed by 4 at once, ${written.filter((id) => !read.has(id)).length} missed`);
    expect(written.filter((id) => !read.has(id))).toEqual([]);
    expect(written).toHaveLength(4 * ROUNDS * 2);
  });
});

async function move(id: unknown, document: Fields): Promise<void> {
  await withScope(
    cloud.api.parts.database,
    { role: 'service', tenantId: NORTH_HARBOUR.tenantId, locations: '*', actor: 'service' },
    async (tx) =>
      tx
        .updateTable('documents')
        .set({ document: JSON.stringify(document), location_id: String(document['locationId']) })
        .where('id', '=', String(id))
        .execute(),
  );
}

describe('a station of another contract', () => {
  it.each([
    ['4.0', 'CLOUD_OLDER'],
    ['x', 'UPDATE_NEEDED'],
  ])('%s is told %s, and nothing of its batch is judged', async (contractVersion, code) => {
    for (const [what, body] of [
      ['push', { mutationId: newId(), checkpoint: null, rows: [rowOf(alertDocument(NORTH_HARBOUR))] }],
      ['pull', { checkpoint: null }],
    ] as const) {
      const answer = await one.call(replicationPath('alerts', what), { contractVersion, ...body });
      expect(answer).toMatchObject({ status: 426, body: { code } });
    }
    expect(await pullAll(two, 'alerts')).toEqual([]);
  });
});

describe('the tenant next door', () => {
  it('has a document of the same id as its own affair', async () => {
    const south = await cloud.station(SOUTH_HARBOUR);
    const document = alertDocument(NORTH_HARBOUR);
    const theirs = { ...document, tenantId: SOUTH_HARBOUR.tenantId, locationId: SOUTH_HARBOUR.locationId };
    await push(one, 'alerts', [rowOf(document)]);
    expect(kinds((await push(south, 'alerts', [rowOf(theirs)])).verdicts)).toEqual(['accepted']);
    expect((await pullAll(south, 'alerts')).map((row) => row.document)).toEqual([theirs]);
    expect((await pullAll(two, 'alerts')).map((row) => row.document)).toEqual([document]);
  });
});
