/** A station's changes: judged row by row, written together, answered once. */
import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import type {
  CollectionName,
  MasterRow,
  PushRequest,
  PushResponse,
  PushVerdict,
} from '../../../electron/contract/index.ts';
import type { Scoped } from '../../database/scope.ts';
import { lockWrites } from '../../database/scope.ts';
import type { StationCaller } from '../access/callers.ts';
import { once } from '../idempotency.ts';
import { readCounter, resyncReason } from './checkpoints.ts';
import type { ReadRow } from './judge.ts';
import { decide, documentToKeep, readRow } from './judge.ts';
import type { DocumentWrite } from './write-documents.ts';
import { writeDocuments } from './write-documents.ts';

type Quarantined = Extract<PushVerdict, { readonly verdict: 'quarantined' }>;

export interface ReadPush {
  readonly rows: readonly ReadRow[];
  readonly sha256: string;
}

/** What can be said of the rows without the database. */
export function readRows(caller: StationCaller, collection: CollectionName, request: PushRequest): ReadPush {
  const rows = request.rows.map((raw) => readRow(collection, raw, caller));
  return { rows, sha256: fingerprint(collection, rows) };
}

/**
 * Two rows of the same document in one push follow each other, as if they had come in two.
 *
 * @param read before the tenant's turn is taken, if that was done: others need not wait for it
 * @throws VantageError STATUS_CONFLICT when the mutation's id was used for another push
 */
export async function push(
  tx: Scoped,
  caller: StationCaller,
  collection: CollectionName,
  request: PushRequest,
  now: Date,
  read = readRows(caller, collection, request),
): Promise<PushResponse> {
  await lockWrites(tx);
  const counter = await readCounter(tx, caller.tenantId);
  const resync = resyncReason(counter, caller.locationId, request.checkpoint);
  if (resync !== null) return { verdicts: [], resync };
  const mutation = { id: request.mutationId, requestSha256: read.sha256 };
  return once(tx, caller, mutation, async () => ({
    verdicts: await judgeAndWrite(tx, caller, collection, request.rows, read.rows, now),
    resync: null,
  }));
}

/** Rows that cannot be kept cannot be compared either; that they came again where they stood has to do. */
function fingerprint(collection: CollectionName, read: readonly ReadRow[]): string {
  const hash = createHash('sha256').update(collection);
  for (const row of read) {
    const { document, rest } = row.text ?? { document: '', rest: JSON.stringify(row) };
    hash.update(`\n${document}\n${rest}`);
  }
  return hash.digest('hex');
}

async function judgeAndWrite(
  tx: Scoped,
  caller: StationCaller,
  collection: CollectionName,
  raws: readonly unknown[],
  read: readonly ReadRow[],
  now: Date,
): Promise<PushVerdict[]> {
  const masters = await readMasters(tx, caller.tenantId, collection, read);
  const known = new Set(masters.keys());
  const writes = new Map<string, DocumentWrite>();
  const verdicts = read.map((result): PushVerdict => {
    if (!result.ok) return quarantined(result, masters.get(result.id ?? ''));
    const { id, row, text, complete } = result;
    const master = masters.get(id);
    const decision = decide(collection, row, master);
    if (decision === 'conflict' && master !== undefined) return { verdict: 'conflict', id, master };
    if (decision === 'write') {
      const document = documentToKeep(collection, row.document, master, now.getTime());
      const same = document === row.document;
      const json = same ? text.document : JSON.stringify(document);
      writes.set(id, { id, document, json, deleted: row.deleted, known: known.has(id), asSent: same && complete });
      // What the next row of the same document meets; the version it will get is told below.
      masters.set(id, { document: { ...document }, deleted: row.deleted, version: master?.version ?? 0 });
    }
    return { verdict: 'accepted', id, version: master?.version ?? 0 };
  });
  const results = await writeDocuments(tx, caller.tenantId, collection, [...writes.values()]);
  const told = verdicts.map((verdict): PushVerdict => {
    const result = verdict.id === null ? undefined : results.get(verdict.id);
    if (result === undefined || verdict.verdict !== 'accepted') return verdict;
    if (typeof result === 'number') return { ...verdict, version: result };
    const reason = result === 'hidden' ? 'OUT_OF_SCOPE' : 'UNSTORABLE';
    return quarantined({ id: verdict.id, reason, field: '' }, undefined);
  });
  await keepInQuarantine(tx, caller, collection, raws, told);
  return told;
}

async function readMasters(
  tx: Scoped,
  tenantId: string,
  collection: CollectionName,
  read: readonly ReadRow[],
): Promise<Map<string, MasterRow>> {
  const ids = [...new Set(read.map(({ id }) => id).filter((id) => id !== null && UUID.test(id)))];
  const rows = await tx
    .selectFrom('documents')
    .select(['id', 'document', 'deleted', 'version'])
    .where('tenant_id', '=', tenantId)
    .where('collection', '=', collection)
    .where('id', '=', sql<string>`ANY(${ids}::uuid[])`)
    .execute();
  return new Map(
    rows.map(({ id, document, deleted, version }) => [id, { document: { ...document }, deleted, version }]),
  );
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function quarantined(row: Omit<Quarantined, 'verdict' | 'master'>, master: MasterRow | undefined): Quarantined {
  const { id, reason, field } = row;
  return { verdict: 'quarantined', id, reason, field, master: master ?? null };
}

/** Keeps what was not taken, as it came. The same row again is counted. */
async function keepInQuarantine(
  tx: Scoped,
  caller: StationCaller,
  collection: CollectionName,
  raws: readonly unknown[],
  verdicts: readonly PushVerdict[],
): Promise<void> {
  for (const [index, verdict] of verdicts.entries()) {
    if (verdict.verdict !== 'quarantined') continue;
    const content = textOf(raws[index]);
    await tx
      .insertInto('quarantine')
      .values({
        tenant_id: caller.tenantId,
        location_id: caller.locationId,
        station_id: caller.stationId,
        collection,
        document_id: verdict.id,
        reason: verdict.reason,
        field: verdict.field,
        content,
        content_sha256: createHash('sha256').update(content).digest('hex'),
      })
      .onConflict((conflict) =>
        conflict.columns(['tenant_id', 'station_id', 'collection', 'content_sha256']).doUpdateSet({
          times: sql`quarantine.times + 1`,
          last_at: sql`now()`,
        }),
      )
      .execute();
  }
}

/** JSON escapes what PostgreSQL's text cannot hold. Nested deeper than it can be written, only that is noted. */
function textOf(raw: unknown): string {
  try {
    return JSON.stringify(raw) ?? '';
  } catch (error) {
    if (error instanceof RangeError) return '"nested too deeply to be written"';
    throw error;
  }
}
