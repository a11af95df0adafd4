/** How far a reader has come, and when that no longer helps. */
import type { Checkpoint, ResyncReason } from '../../../electron/contract/index.ts';
import type { Scoped } from '../../database/scope.ts';
import { lockWrites } from '../../database/scope.ts';

export interface Counter {
  readonly seq: number;
  readonly epoch: string;
  readonly purgedSeq: number;
}

/** The tenant's order of writes as it stands. Read before the rows: what they show beyond it is newer, and nothing before it is missing. */
export async function readCounter(tx: Scoped, tenantId: string): Promise<Counter> {
  const row = await tx
    .selectFrom('document_counters')
    .select(['seq', 'epoch', 'purged_seq'])
    .where('tenant_id', '=', tenantId)
    .executeTakeFirst();
  if (row !== undefined) return { seq: row.seq, epoch: row.epoch, purgedSeq: row.purged_seq };
  // Nothing was written yet: taking the turn makes the row.
  await lockWrites(tx);
  return readCounter(tx, tenantId);
}

/** What is read at another location is another thing. */
export function epochOf(counter: Counter, locationId: string): string {
  return `${counter.epoch}:${locationId}`;
}

export function resyncReason(counter: Counter, locationId: string, checkpoint: Checkpoint | null): ResyncReason | null {
  if (checkpoint === null) return null;
  if (checkpoint.epoch !== epochOf(counter, locationId) || checkpoint.seq > counter.seq) return 'EPOCH_CHANGED';
  return checkpoint.seq < counter.purgedSeq ? 'TOMBSTONES_PURGED' : null;
}
