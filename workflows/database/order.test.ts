import { sql } from 'kysely';
import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../electron/contract/index.ts';
import type { Scope, Scoped } from './scope.ts';
import { lockWrites, withScope } from './scope.ts';
import { seedPlaces, seeded } from './testing/seed.ts';
import type { TestDatabase } from './testing/test-database.ts';
import { createTestDatabase } from './testing/test-database.ts';

const HERE = seeded('north', 'harbour');
const SCOPE: Scope = { role: 'service', tenantId: HERE.tenantId, locations: '*', actor: 'service' };

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await seedPlaces(database.admin);
  await database.admin.query(
    'CREATE SEQUENCE plain_seq; CREATE TABLE plain (seq bigint DEFAULT nextval($$plain_seq$$))',
  );
});
afterAll(async () => database.close());
beforeEach(async () => {
  await database.admin.query('DELETE FROM documents');
});

async function write(tx: Scoped, id = newId(), locationId = HERE.locationId): Promise<number> {
  const place = { tenantId: HERE.tenantId, locationId, id };
  const row = await tx
    .insertInto('documents')
    .values({
      tenant_id: HERE.tenantId,
      collection: 'alerts',
      id,
      location_id: locationId,
      station_id: HERE.stationId,
      contract_version: '1.0',
      document: JSON.stringify(place),
      deleted: false,
      hlc: '',
    })
    .returning('seq')
    .executeTakeFirstOrThrow();
  return row.seq;
}

async function readAfter(seq: number): Promise<readonly { readonly id: string; readonly seq: number }[]> {
  return withScope(database.api, SCOPE, async (tx) =>
    tx.selectFrom('documents').select(['id', 'seq']).where('seq', '>', seq).orderBy('seq').limit(7).execute(),
  );
}

/** Writes and stays in its transaction until let go. */
function writer(lock: boolean): { readonly wrote: Promise<number>; readonly commit: () => Promise<void> } {
  const gate = Promise.withResolvers<void>();
  const wrote = Promise.withResolvers<number>();
  const done = withScope(database.api, SCOPE, async (tx) => {
    if (lock) await lockWrites(tx);
    wrote.resolve(await write(tx));
    await gate.promise;
  });
  done.catch(wrote.reject);
  return {
    wrote: wrote.promise,
    commit: async () => {
      gate.resolve();
      await done;
    },
  };
}

/** Resolves when a transaction of this database waits for another one's lock. */
async function somebodyWaits(): Promise<void> {
  await expect
    .poll(async () => {
      const { rows } = await database.admin.query<{ waiting: number }>(
        `SELECT count(*)::int AS waiting FROM pg_stat_activity
         WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0`,
      );
      return rows[0]?.waiting ?? 0;
    })
    .toBeGreaterThan(0);
}

describe('the order of writes', () => {
  it.each([
    ['taken first', true],
    ['forgotten', false],
  ])('a second writer waits for the first to commit, its turn %s', async (_what, lock) => {
    const first = writer(lock);
    const firstSeq = await first.wrote;
    const second = writer(lock);
    await somebodyWaits();
    expect(await readAfter(firstSeq - 1)).toEqual([]);
    await first.commit();
    const secondSeq = await second.wrote;
    await second.commit();
    expect((await readAfter(firstSeq - 1)).map((row) => row.seq)).toEqual([firstSeq, secondSeq]);
    expect(secondSeq).toBeGreaterThan(firstSeq);
  });

  it('a writer that gives up leaves no hole that anybody waits for', async () => {
    const before = await withScope(database.api, SCOPE, async (tx) => write(tx));
    await expect(
      withScope(database.api, SCOPE, async (tx) => {
        await write(tx);
        throw new Error('gives up');
      }),
    ).rejects.toThrow('gives up');
    const after = await withScope(database.api, SCOPE, async (tx) => write(tx));
    expect((await readAfter(before)).map((row) => row.seq)).toEqual([after]);
  });

  it('misses nothing while twelve writers commit as they like and a reader follows', async () => {
    const WRITERS = 12;
    const EACH = 15;
    const written = new Set<string>();
    const read = new Map<string, number>();
    const stop = new AbortController();
    let checkpoint = 0;
    let pages = 0;
    const follow = async (): Promise<void> => {
      const page = await readAfter(checkpoint);
      pages += 1;
      for (const { id, seq } of page) {
        expect(seq).toBeGreaterThan(checkpoint);
        read.set(id, seq);
        checkpoint = seq;
      }
    };
    const reading = (async () => {
      while (!stop.signal.aborted) await follow();
      while (read.size < written.size) {
        const before = checkpoint;
        await follow();
        if (checkpoint === before) return;
      }
    })();
    await Promise.all(
      Array.from({ length: WRITERS }, async (_, index) => {
        for (let turn = 0; turn < EACH; turn += 1) {
          const id = newId();
          await withScope(database.api, SCOPE, async (tx) => {
            if ((index + turn) % 2 === 0) await lockWrites(tx);
            await write(tx, id);
            // Some hold their transaction open for a while, so that later ones would overtake if they could.
            await sql`SELECT pg_sleep(${((index * 7 + turn * 3) % 5) / 1000})`.execute(tx);
          });
          written.add(id);
        }
      }),
    );
    stop.abort();
    await reading;
    console.log(`${written.size} writes of ${WRITERS} writers, ${pages} pages, ${written.size - read.size} missed`);
    expect(read.size).toBe(WRITERS * EACH);
  });

  it('would be missed with a plain sequence: the same reader passes over a late commit', async () => {
    const late = new Client({ connectionString: database.adminUrl });
    await late.connect();
    try {
      await late.query('BEGIN');
      await late.query('INSERT INTO plain DEFAULT VALUES');
      await database.admin.query('INSERT INTO plain DEFAULT VALUES');
      const seen = await database.admin.query<{ seq: string }>('SELECT seq FROM plain WHERE seq > 0 ORDER BY seq');
      await late.query('COMMIT');
      const after = await database.admin.query('SELECT seq FROM plain WHERE seq > $1', [seen.rows.at(-1)?.seq]);
      const all = await database.admin.query('SELECT seq FROM plain');
      expect([seen.rows.length + after.rows.length, all.rows.length]).toEqual([1, 2]);
    } finally {
      await late.end();
    }
  });

  it('what moves to another location leaves its last state behind, and what comes back takes it away', async () => {
    const id = newId();
    const hill = seeded('north', 'hill');
    const seq = await withScope(database.api, SCOPE, async (tx) => write(tx, id));
    const moveTo = async (locationId: string): Promise<void> =>
      withScope(database.api, SCOPE, async (tx) => {
        await lockWrites(tx);
        await tx
          .updateTable('documents')
          .set({
            location_id: locationId,
            document: JSON.stringify({ tenantId: HERE.tenantId, locationId, id }),
          })
          .where('id', '=', id)
          .execute();
      });
    await moveTo(hill.locationId);
    const left = await database.admin.query('SELECT location_id, document, seq FROM departures');
    expect(left.rows).toMatchObject([{ location_id: HERE.locationId, document: { id, locationId: HERE.locationId } }]);
    expect(Number(left.rows[0].seq)).toBeGreaterThan(seq);
    await moveTo(HERE.locationId);
    const back = await database.admin.query('SELECT location_id FROM departures');
    expect(back.rows).toEqual([{ location_id: hill.locationId }]);
  });
});
