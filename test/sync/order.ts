/**
 * Writers that commit in another order than that in which they began, and stations that pull meanwhile: nobody may miss anything. Some
 * write as a station's push does, some as an activity does; all stay in their transaction for a while after they have written, and some
 * give up. The same with plain sequence numbers must miss something, or this proof could not find a loss.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { Pool } from 'pg';
import type { Checkpoint, PullResponse } from '../../electron/contract/index.ts';
import { CONTRACT_VERSION, derivedId, newId } from '../../electron/contract/index.ts';
import { newKeyPem, stationKeyOf } from '../../electron/core/sync/station-key.ts';
import type { StationCaller } from '../../workflows/api/access/callers.ts';
import { scopeOf } from '../../workflows/api/access/callers.ts';
import { pull } from '../../workflows/api/replication/pull.ts';
import { push } from '../../workflows/api/replication/push.ts';
import type { Database } from '../../workflows/database/database.ts';
import { openDatabase } from '../../workflows/database/database.ts';
import type { Scoped } from '../../workflows/database/scope.ts';
import { withScope } from '../../workflows/database/scope.ts';
import { Random } from '../fixtures/random.ts';
import { CloudDatabase } from './cloud-database.ts';
import { draftOf } from './documents.ts';
import type { SyncProof } from './sync-proof.ts';

const WRITERS = 16;
const READERS = 3;
const CI_WRITES = 640;
const FULL_WRITES = 40_000;
/** Longest that a writer stays in its transaction after it has written. */
const HELD_MS = 6;
const GIVES_UP = 0.1;
const HAS_NO_MANNERS = 0.3;

interface Clinic {
  readonly api: Database;
  readonly admin: Pool;
  readonly caller: StationCaller;
}

export const orderProof: SyncProof = async ({ full, seed, server, unsafeControl }) => {
  const failures: string[] = [];
  const database = await CloudDatabase.create(server, 'sync_order');
  const admin = new Pool({ connectionString: database.adminUrl, max: WRITERS + READERS });
  const api = openDatabase({
    url: database.apiUrl,
    maxConnections: WRITERS + READERS,
    onIdleError: (error) => failures.push(`order: a connection broke: ${error.message}`),
  });
  try {
    const clinic = { api, admin, caller: await makeClinic(database, seed) };
    const writes = full ? FULL_WRITES : CI_WRITES;
    const missed = await follow(clinic, seed, writes);
    failures.push(...missed.map((text) => `order: ${text}`));
    const control = await followPlainSequence(clinic, seed, CI_WRITES);
    console.log(`control: with a plain sequence ${control} of ${CI_WRITES} writes are missed, as must be`);
    if (control === 0) failures.push('order: control: with a plain sequence nothing was missed');
    if (unsafeControl) console.log('order: the control is part of every run');
    return { passed: failures.length === 0 ? READERS + 1 : 0, failures };
  } finally {
    await api.destroy();
    await admin.end();
    await database.drop();
  }
};

async function makeClinic(database: CloudDatabase, seed: number): Promise<StationCaller> {
  const [tenantId, locationId, stationId] = [newId(), newId(), newId()];
  await database.makeClinic({ tenantId, locationId });
  await database.addStation({ tenantId, locationId }, stationId, stationKeyOf(newKeyPem()));
  return { kind: 'station', tenantId, locationId, stationId, keyId: String(seed), expiresAt: Infinity };
}

/** @returns what the readers missed, or saw twice, or saw without its having been committed */
async function follow({ api, caller }: Clinic, seed: number, writes: number): Promise<string[]> {
  const committed = new Set<string>();
  const stop = new AbortController();
  const began = performance.now();
  const readers = Array.from({ length: READERS }, async (_, index) => {
    const random = new Random(seed * 31 + index);
    const read = new Map<string, number>();
    const page = async (checkpoint: Checkpoint | null): Promise<PullResponse> => {
      const { answer } = await withScope(api, scopeOf(caller), async (tx) =>
        pull(tx, caller, 'alerts', { checkpoint, limit: random.between(1, 40) }),
      );
      return JSON.parse(answer.text) as PullResponse;
    };
    let pages = 0;
    let checkpoint: Checkpoint | null = null;
    for (let isLast = false; !isLast;) {
      // After the last commit everything must come until a page is empty.
      const isOver = stop.signal.aborted;
      const { rows, checkpoint: next } = await page(checkpoint);
      pages += 1;
      for (const { document } of rows) read.set(String(document['id']), (read.get(String(document['id'])) ?? 0) + 1);
      checkpoint = next;
      isLast = isOver && rows.length === 0;
      if (rows.length === 0) await sleep(random.between(0, 3));
    }
    return { read, pages };
  });
  let left = writes;
  const writers = Array.from({ length: WRITERS }, async (_, index) => {
    const random = new Random(seed * 1009 + index);
    while (left > 0) {
      left -= 1;
      const id = await writeOnce({ api, caller }, random);
      if (id !== null) committed.add(id);
    }
  });
  await Promise.all(writers);
  stop.abort();
  const done = await Promise.all(readers);
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  const pages = done.reduce((sum, each) => sum + each.pages, 0);
  const missing = done.map(({ read }) => [...committed].filter((id) => !read.has(id)).length);
  console.log(
    `${committed.size} writes of ${WRITERS} writers in ${seconds} s, ${pages} pages of ${READERS} readers, ` +
      `${missing.join(', ')} missed`,
  );
  return done.flatMap(({ read }, index) => [
    ...((missing[index] ?? 0) > 0 ? [`reader ${index} missed ${missing[index]} of ${committed.size} writes`] : []),
    ...[...read.keys()].filter((id) => !committed.has(id)).map((id) => `reader ${index} saw ${id}, never committed`),
    ...[...read].filter(([, times]) => times > 1).map(([id, times]) => `reader ${index} saw ${id} ${times} times`),
  ]);
}

class GaveUp extends Error {}

/** @returns the id of the document, or null where the writer gave up */
async function writeOnce({ api, caller }: Omit<Clinic, 'admin'>, random: Random): Promise<string | null> {
  const id = newId();
  const held = random.between(0, HELD_MS) / 1000;
  const givesUp = random.next() < GIVES_UP;
  const work = random.next() < HAS_NO_MANNERS ? insert : pushOne;
  const scope = work === insert ? scopeOf({ kind: 'service', tenantId: caller.tenantId }) : scopeOf(caller);
  try {
    await withScope(api, scope, async (tx) => {
      await work(tx, caller, id);
      // Later ones would overtake if they could.
      await sql`SELECT pg_sleep(${held})`.execute(tx);
      if (givesUp) throw new GaveUp();
    });
    return id;
  } catch (error) {
    if (error instanceof GaveUp) return null;
    throw error;
  }
}

function alertOf(caller: StationCaller, id: string): Record<string, unknown> {
  const at = new Date().toISOString();
  const { tenantId, locationId, stationId } = caller;
  const place = { tenantId, locationId, authorId: derivedId('sync-proof', 'author') };
  const stamps = { stationId, contractVersion: CONTRACT_VERSION, hlc: {}, createdAt: at, updatedAt: at };
  return { ...draftOf('alerts', id, place, 1), ...stamps };
}

async function pushOne(tx: Scoped, caller: StationCaller, id: string): Promise<void> {
  const rows = [{ document: alertOf(caller, id), deleted: false, assumed: null }];
  const request = { contractVersion: CONTRACT_VERSION, mutationId: newId(), checkpoint: null, rows };
  const { verdicts } = await push(tx, caller, 'alerts', request, new Date());
  if (verdicts[0]?.verdict !== 'accepted') throw new Error(`not accepted: ${JSON.stringify(verdicts)}`);
}

/** As an activity may: without having taken its turn first. */
async function insert(tx: Scoped, caller: StationCaller, id: string): Promise<void> {
  await tx
    .insertInto('documents')
    .values({
      tenant_id: caller.tenantId,
      collection: 'alerts',
      id,
      location_id: caller.locationId,
      station_id: caller.stationId,
      contract_version: CONTRACT_VERSION,
      document: JSON.stringify(alertOf(caller, id)),
      deleted: false,
      hlc: '',
    })
    .execute();
}

/** The same writers and a reader over a table whose numbers come from a sequence. @returns how many it missed */
async function followPlainSequence({ admin }: Clinic, seed: number, writes: number): Promise<number> {
  await admin.query('DROP TABLE IF EXISTS plain_order; CREATE TABLE plain_order (seq bigserial PRIMARY KEY)');
  let left = writes;
  let isOver = false;
  const committed = new Set<string>();
  const read = new Set<string>();
  const reading = (async () => {
    for (let after = '0'; ;) {
      const wasOver = isOver;
      const { rows } = await admin.query<{ seq: string }>(
        'SELECT seq FROM plain_order WHERE seq > $1 ORDER BY seq LIMIT 20',
        [after],
      );
      for (const { seq } of rows) read.add(seq);
      after = rows.at(-1)?.seq ?? after;
      if (wasOver && rows.length === 0) return;
    }
  })();
  await Promise.all(
    Array.from({ length: WRITERS }, async (_, index) => {
      const random = new Random(seed * 1009 + index);
      while (left > 0) {
        left -= 1;
        const client = await admin.connect();
        try {
          await client.query('BEGIN');
          const { rows } = await client.query<{ seq: string }>('INSERT INTO plain_order DEFAULT VALUES RETURNING seq');
          await client.query('SELECT pg_sleep($1)', [random.between(0, HELD_MS) / 1000]);
          await client.query('COMMIT');
          committed.add(rows[0]?.seq ?? '');
        } finally {
          client.release();
        }
      }
    }),
  );
  isOver = true;
  await reading;
  return [...committed].filter((seq) => !read.has(seq)).length;
}
