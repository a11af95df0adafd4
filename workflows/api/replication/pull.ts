/** What changed after a checkpoint, in the order in which it became visible. */
import { sql } from 'kysely';
import type { Checkpoint, CollectionName, PullRequest, ResyncReason } from '../../../electron/contract/index.ts';
import type { Scoped } from '../../database/scope.ts';
import { actorOf } from '../access/callers.ts';
import type { StationCaller } from '../access/callers.ts';
import { JsonText } from '../route.ts';
import { epochOf, readCounter, resyncReason } from './checkpoints.ts';

interface PulledRow {
  readonly seq: number;
  readonly version: number;
  readonly deleted: boolean;
  readonly id: string;
  /** As JSON; null: the caller has it. */
  readonly document: string | null;
}

export interface Page {
  readonly answer: JsonText;
  readonly rows: number;
  readonly resync: ResyncReason | null;
}

/** A page that is not full is the last one. @returns the contract's answer, its documents as the database wrote them */
export async function pull(
  tx: Scoped,
  caller: StationCaller,
  collection: CollectionName,
  request: Omit<PullRequest, 'contractVersion'>,
): Promise<Page> {
  const { tenantId, locationId } = caller;
  const counter = await readCounter(tx, tenantId);
  const epoch = epochOf(counter, locationId);
  const resync = resyncReason(counter, locationId, request.checkpoint);
  if (resync !== null) return { answer: textOf([], { seq: 0, epoch }, resync), rows: 0, resync };
  const after = request.checkpoint?.seq ?? 0;
  const mine = sql`tenant_id = ${tenantId} AND location_id = ${locationId} AND collection = ${collection} AND seq > ${after}`;
  const had = request.own === 'brief' ? sql`as_sent AND changed_by = ${actorOf(caller)}` : sql`false`;
  const { rows } = await sql<PulledRow>`
    (SELECT seq, version, deleted, id, CASE WHEN ${had} THEN NULL ELSE document::text END AS document
     FROM documents WHERE ${mine} ORDER BY seq LIMIT ${request.limit})
    UNION ALL
    (SELECT seq, 0, true, id, document::text FROM departures WHERE ${mine} ORDER BY seq LIMIT ${request.limit})
    ORDER BY seq LIMIT ${request.limit}`.execute(tx);
  const last = rows.at(-1)?.seq ?? after;
  // A page that is not full has shown everything up to the counter: a quiet collection need not stay behind the purged deletions.
  const seq = rows.length < request.limit ? Math.max(last, counter.seq) : last;
  return { answer: textOf(rows, { seq, epoch }, null), rows: rows.length, resync: null };
}

function textOf(rows: readonly PulledRow[], checkpoint: Checkpoint, resync: ResyncReason | null): JsonText {
  const whole = rows.filter(({ document }) => document !== null);
  const texts = whole.map(
    ({ document, deleted, version }) => `{"document":${document},"deleted":${deleted},"version":${version}}`,
  );
  const own = rows
    .filter(({ document }) => document === null)
    .map((row) => ({ id: row.id, version: row.version, seq: row.seq }));
  const rest = JSON.stringify({ seqs: whole.map((row) => row.seq), own, checkpoint, resync });
  return new JsonText(`{"rows":[${texts.join(',')}],${rest.slice(1)}`);
}
