/** What is kept for stations that were away, and let go of after the longest time that one may be. */
import { sql } from 'kysely';
import type { Scoped } from './scope.ts';
import { lockWrites } from './scope.ts';

/** A station that comes back later than this reads everything again. */
export const LONGEST_OFFLINE_DAYS = 180;

export interface Purged {
  readonly tombstones: number;
  readonly departures: number;
  readonly mutations: number;
}

/**
 * Removes deletions, departures and answered mutations from before an instant, in the scope of an activity, and notes up to where:
 * a station whose checkpoint is older is told to begin again.
 */
export async function purgeBefore(tx: Scoped, tenantId: string, before: Date): Promise<Purged> {
  await lockWrites(tx);
  const tombstones = await tx
    .deleteFrom('documents')
    .where('tenant_id', '=', tenantId)
    .where('deleted', '=', true)
    .where('changed_at', '<', before)
    .returning('seq')
    .execute();
  const departures = await tx
    .deleteFrom('departures')
    .where('tenant_id', '=', tenantId)
    .where('changed_at', '<', before)
    .returning('seq')
    .execute();
  const last = [...tombstones, ...departures].reduce((highest, { seq }) => Math.max(highest, seq), 0);
  await tx
    .updateTable('document_counters')
    .set({ purged_seq: sql`greatest(purged_seq, ${last})` })
    .where('tenant_id', '=', tenantId)
    .execute();
  const mutations = await tx
    .deleteFrom('mutations')
    .where('tenant_id', '=', tenantId)
    .where('created_at', '<', before)
    .executeTakeFirst();
  return { tombstones: tombstones.length, departures: departures.length, mutations: Number(mutations.numDeletedRows) };
}
