/** Writes documents of one collection; the caller holds the tenant's turn (`lockWrites`). */
import { sql } from 'kysely';
import type { CollectionName } from '../../../electron/contract/index.ts';
import { CONTRACT_VERSION } from '../../../electron/contract/index.ts';
import type { Scoped } from '../../database/scope.ts';
import { latestClock } from './judge.ts';

export interface DocumentWrite {
  readonly id: string;
  readonly document: Readonly<Record<string, unknown>>;
  /** Its JSON, where that is known already. */
  readonly json?: string;
  readonly deleted: boolean;
  /** Whether there is one already. */
  readonly known: boolean;
  /** Whether it is, word by word, what the caller sent and will keep, who then has it already. */
  readonly asSent?: boolean;
}

/** `hidden`: it lies where the writer may not look; `refused`: the database did not take it. */
export type WriteResult = number | 'hidden' | 'refused';

/**
 * All in one go; if the database refuses that for what is in it, one by one, so that one row never holds up the others.
 *
 * @returns by id: the new version, or why not
 */
export async function writeDocuments(
  tx: Scoped,
  tenantId: string,
  collection: CollectionName,
  writes: readonly DocumentWrite[],
): Promise<ReadonlyMap<string, WriteResult>> {
  const results = new Map<string, WriteResult>();
  for (const known of [true, false]) {
    const alike = writes.filter((write) => write.known === known);
    if (alike.length === 0) continue;
    const target: Target = { tenantId, collection, known };
    const together = await writeSet(tx, target, alike);
    for (const [index, { id }] of alike.entries()) if (together !== null) results.set(id, together[index] ?? 'hidden');
    if (together !== null) continue;
    for (const write of alike) {
      const alone = alike.length === 1 ? null : await writeSet(tx, target, [write]);
      results.set(write.id, alone === null ? 'refused' : (alone[0] ?? 'hidden'));
    }
  }
  return results;
}

interface Target {
  readonly tenantId: string;
  readonly collection: CollectionName;
  readonly known: boolean;
}

/** @returns the versions in the order of the rows, null for a hidden one; null when the database refused what was to be written */
async function writeSet(
  tx: Scoped,
  { tenantId, collection, known }: Target,
  writes: readonly DocumentWrite[],
): Promise<readonly (number | null)[] | null> {
  const rows = writes.map(({ id, document, deleted, asSent }) => ({
    id,
    location_id: String(document['locationId']),
    station_id: String(document['stationId']),
    contract_version: contractVersionOf(document),
    deleted,
    hlc: latestClock(document),
    as_sent: asSent ?? false,
  }));
  // JSON has no line breaks of its own: a line each costs the database nothing to take apart.
  const documents = writes.map(({ document, json }) => json ?? JSON.stringify(document)).join('\n');
  const answer = await sql<{ versions: readonly (number | null)[] | null }>`
    SELECT write_documents(${tenantId}, ${collection}, ${known}, ${JSON.stringify(rows)}::jsonb, ${documents}) AS versions`.execute(
    tx,
  );
  return answer.rows[0]?.versions ?? null;
}

/** The contract's default for documents that do not say. */
function contractVersionOf(document: Readonly<Record<string, unknown>>): string {
  const version = document['contractVersion'];
  return typeof version === 'string' ? version : CONTRACT_VERSION;
}
