/** What changed after a checkpoint, in the order in which it became visible. */
import { sql } from 'kysely';
import type { CollectionName, PullRequest, PullResponse } from '../../../electron/contract/index.ts';
import type { Scoped } from '../../database/scope.ts';
import type { StationCaller } from '../access/callers.ts';
import { epochOf, readCounter, resyncReason } from './checkpoints.ts';

interface PulledRow {
  readonly seq: number;
  readonly version: number;
  readonly deleted: boolean;
  readonly document: Record<string, unknown>;
}

export async function pull(
  tx: Scoped,
  caller: StationCaller,
  collection: CollectionName,
  request: Omit<PullRequest, 'contractVersion'>,
): Promise<PullResponse> {
  const { tenantId, locationId } = caller;
  const counter = await readCounter(tx, tenantId);
  const epoch = epochOf(counter, locationId);
  const resync = resyncReason(counter, locationId, request.checkpoint);
  if (resync !== null) return { rows: [], checkpoint: { seq: 0, epoch }, resync };
  const after = request.checkpoint?.seq ?? 0;
  const mine = sql`tenant_id = ${tenantId} AND location_id = ${locationId} AND collection = ${collection} AND seq > ${after}`;
  const { rows } = await sql<PulledRow>`
    (SELECT seq, version, deleted, document FROM documents WHERE ${mine} ORDER BY seq LIMIT ${request.limit})
    UNION ALL
    (SELECT seq, 0, true, document FROM departures WHERE ${mine} ORDER BY seq LIMIT ${request.limit})
    ORDER BY seq LIMIT ${request.limit}`.execute(tx);
  const last = rows.at(-1)?.seq ?? after;
  // A page that is not full has shown everything up to the counter: a quiet collection need not stay behind the purged deletions.
  const seq = rows.length < request.limit ? Math.max(last, counter.seq) : last;
  return {
    rows: rows.map(({ document, deleted, version }) => ({ document, deleted, version })),
    checkpoint: { seq, epoch },
    resync: null,
  };
}
