/** How far a reader has come, and when that no longer helps. */
import type { Checkpoint, ResyncReason } from '../../../electron/contract/index.ts';
import type { Scoped } from '../../database/scope.ts';

export interface Counter {
  readonly seq: number;
  readonly epoch: string;
  readonly purgedSeq: number;
}

/** The tenant's order of writes as it stands. For who has taken the tenant's turn: nobody moves it, and nobody purges, meanwhile. */
export async function readCounter(tx: Scoped, tenantId: string): Promise<Counter> {
  const row = await tx
    .selectFrom('document_counters')
    .select(['seq', 'epoch', 'purged_seq'])
    .where('tenant_id', '=', tenantId)
    .executeTakeFirstOrThrow();
  return { seq: row.seq, epoch: row.epoch, purgedSeq: row.purged_seq };
}

/** What is read at another location is another thing. */
function epochOf(counter: Counter, locationId: string): string {
  return `${counter.epoch}:${locationId}`;
}

/**
 * Where a page ends. Whoever reads from the beginning misses no deletion that was purged before that: until they are past the last of
 * those, the checkpoint says up to where it had been purged when they began.
 */
export function checkpointAt(
  counter: Counter,
  locationId: string,
  { from, seq }: { readonly from: Checkpoint | null; readonly seq: number },
): Checkpoint {
  const epoch = epochOf(counter, locationId);
  const begunAt = from === null ? counter.purgedSeq : begunAfter(from, epoch);
  return { seq, epoch: begunAt !== null && seq < begunAt ? `${epoch}:${begunAt}` : epoch };
}

export function resyncReason(counter: Counter, locationId: string, checkpoint: Checkpoint | null): ResyncReason | null {
  if (checkpoint === null) return null;
  const epoch = epochOf(counter, locationId);
  const begunAt = begunAfter(checkpoint, epoch);
  if ((checkpoint.epoch !== epoch && begunAt === null) || checkpoint.seq > counter.seq) return 'EPOCH_CHANGED';
  return Math.max(checkpoint.seq, begunAt ?? 0) < counter.purgedSeq ? 'TOMBSTONES_PURGED' : null;
}

/** What `checkpointAt` says beside the epoch; null: nothing. */
function begunAfter(checkpoint: Checkpoint, epoch: string): number | null {
  if (!checkpoint.epoch.startsWith(`${epoch}:`)) return null;
  const seq = checkpoint.epoch.slice(epoch.length + 1);
  return /^\d{1,16}$/.test(seq) ? Number(seq) : null;
}
