/** What changed after a checkpoint, in the order in which it became visible. */
import { sql } from 'kysely';
import type { z } from 'zod';
import type {
  CollectionName,
  PullRequest,
  PullResponse,
  ResyncReason,
  ownRowSchema,
} from '../../../electron/contract/index.ts';
import type { Scoped } from '../../database/scope.ts';
import { lockWrites } from '../../database/scope.ts';
import { actorOf } from '../access/callers.ts';
import type { StationCaller } from '../access/callers.ts';
import { JsonText } from '../route.ts';
import type { Counter } from './checkpoints.ts';
import { checkpointAt, resyncReason } from './checkpoints.ts';

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

/** A page that is not full is the last one, unless it says `more`. @returns the contract's answer, its documents as the database wrote them */
export async function pull(
  tx: Scoped,
  caller: StationCaller,
  collection: CollectionName,
  request: Pick<PullRequest, 'checkpoint' | 'limit'> & Partial<PullRequest>,
): Promise<Page> {
  const { locationId } = caller;
  const { counter, rows, found } = await readChanges(tx, caller, collection, request);
  const from = request.checkpoint;
  const resync = resyncReason(counter, locationId, from);
  if (resync !== null) {
    const checkpoint = checkpointAt(counter, locationId, { from: null, seq: 0 });
    return { answer: textOf([], { checkpoint, resync }), rows: 0, resync };
  }
  const last = rows.at(-1)?.seq ?? from?.seq ?? 0;
  const more = rows.length < found;
  // A page that is not full has shown everything up to the counter: a quiet collection need not stay behind the purged deletions.
  const seq = rows.length < request.limit && !more ? Math.max(last, counter.seq) : last;
  const checkpoint = checkpointAt(counter, locationId, { from, seq });
  return { answer: textOf(rows, { checkpoint, more, resync: null }), rows: rows.length, resync: null };
}

interface Changes {
  /** As it stood when the rows were what they are. */
  readonly counter: Counter;
  readonly rows: readonly PulledRow[];
  /** Of how many within the limit they are the first. */
  readonly found: number;
}

interface ReadRow extends Omit<PulledRow, 'seq'> {
  readonly counted: number;
  readonly epoch: string;
  readonly purged: number;
  /** Null, as all of the row: nothing has changed. */
  readonly seq: number | null;
  readonly found: number | null;
}

/**
 * The counter and the rows are read by one statement, which sees them at one moment: a purge that commits between two of them would take
 * deletions away that the counter does not tell of yet, and the station would never hear of those.
 */
async function readChanges(
  tx: Scoped,
  caller: StationCaller,
  collection: CollectionName,
  request: Pick<PullRequest, 'checkpoint' | 'limit'> & Partial<PullRequest>,
): Promise<Changes> {
  const { tenantId, locationId } = caller;
  const after = request.checkpoint?.seq ?? 0;
  const mine = sql`tenant_id = ${tenantId} AND location_id = ${locationId} AND collection = ${collection} AND seq > ${after}`;
  const had = request.own === 'brief' ? sql`as_sent AND changed_by = ${actorOf(caller)}` : sql`false`;
  // How large they are is known without reading them.
  const size = sql`sum(pg_column_size(document)) OVER (ORDER BY seq) - pg_column_size(document)`;
  const within = request.bytes === undefined ? sql`true` : sql`before < ${request.bytes}`;
  const { rows } = await sql<ReadRow>`
    SELECT counter.seq AS counted, epoch, purged_seq AS purged, page.*
    FROM document_counters AS counter LEFT JOIN (
      SELECT seq, version, deleted, id, found, CASE WHEN had THEN NULL ELSE document::text END AS document
      FROM (
        SELECT *, ${size} AS before, count(*) OVER () AS found
        FROM (
          (SELECT seq, version, deleted, id, ${had} AS had, document FROM documents WHERE ${mine} ORDER BY seq LIMIT ${request.limit})
          UNION ALL
          (SELECT seq, 0, true, id, false, document FROM departures WHERE ${mine} ORDER BY seq LIMIT ${request.limit})
          ORDER BY seq LIMIT ${request.limit}
        ) AS changed
      ) AS measured
      WHERE ${within}
    ) AS page ON true
    WHERE counter.tenant_id = ${tenantId}`.execute(tx);
  const [first] = rows;
  if (first === undefined) {
    // Nothing was written yet: taking the turn makes the counter.
    await lockWrites(tx);
    return readChanges(tx, caller, collection, request);
  }
  return {
    counter: { seq: first.counted, epoch: first.epoch, purgedSeq: first.purged },
    // They come in this order anyway; to have the database say so, it would sort whole documents.
    rows: rows
      .filter((row): row is ReadRow & PulledRow => row.seq !== null)
      .toSorted((one, other) => one.seq - other.seq),
    found: first.found ?? 0,
  };
}

type Rest = Pick<PullResponse, 'checkpoint' | 'more' | 'resync'>;

function textOf(rows: readonly PulledRow[], rest: Rest): JsonText {
  const texts: string[] = [];
  const own: z.infer<typeof ownRowSchema>[] = [];
  for (const { id, document, deleted, version } of rows) {
    if (document === null) own.push({ id, version });
    else texts.push(`{"document":${document},"deleted":${deleted},"version":${version}}`);
  }
  return new JsonText(`{"rows":[${texts.join(',')}],${JSON.stringify({ own, ...rest }).slice(1)}`);
}
