/** Writes documents of one collection; the caller holds the tenant's turn (`lockWrites`). */
import { sql } from 'kysely';
import type { CollectionName } from '../../../electron/contract/index.ts';
import { CONTRACT_VERSION } from '../../../electron/contract/index.ts';
import type { Scoped } from '../../database/scope.ts';
import { latestClock } from './judge.ts';

export interface DocumentWrite {
  readonly id: string;
  readonly document: Readonly<Record<string, unknown>>;
  readonly deleted: boolean;
  /** Whether there is one already. */
  readonly known: boolean;
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
  const together = await attempt(tx, async () => writeAll(tx, tenantId, collection, writes));
  if (together !== null) return together;
  const results = new Map<string, WriteResult>();
  for (const write of writes) {
    const alone = await attempt(tx, async () => writeAll(tx, tenantId, collection, [write]));
    results.set(write.id, alone?.get(write.id) ?? 'refused');
  }
  return results;
}

/** @returns null when the database refused for what was to be written (SQLSTATE classes 22, 23, 54) */
async function attempt<T>(tx: Scoped, work: () => Promise<T>): Promise<T | null> {
  await sql`SAVEPOINT attempt`.execute(tx);
  try {
    const result = await work();
    await sql`RELEASE SAVEPOINT attempt`.execute(tx);
    return result;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (!/^(22|23|54)/.test(code)) throw error;
    await sql`ROLLBACK TO SAVEPOINT attempt`.execute(tx);
    return null;
  }
}

async function writeAll(
  tx: Scoped,
  tenantId: string,
  collection: CollectionName,
  writes: readonly DocumentWrite[],
): Promise<ReadonlyMap<string, WriteResult>> {
  const results = new Map<string, WriteResult>(writes.map(({ id }) => [id, 'hidden']));
  const records = writes.map(({ id, document, deleted, known }) => ({
    known,
    id,
    location_id: String(document['locationId']),
    station_id: String(document['stationId']),
    contract_version: contractVersionOf(document),
    document,
    deleted,
    hlc: latestClock(document),
  }));
  const changed = records.filter(({ known }) => known);
  const added = records.filter(({ known }) => !known);
  const done: { readonly id: string; readonly version: number }[] = [];
  if (changed.length > 0) {
    const { rows } = await sql<{ id: string; version: number }>`
      UPDATE documents AS d SET location_id = r.location_id, contract_version = r.contract_version, document = r.document,
             deleted = r.deleted, hlc = r.hlc
      FROM jsonb_to_recordset(${JSON.stringify(changed)}::jsonb)
        AS r (id uuid, location_id uuid, contract_version text, document jsonb, deleted boolean, hlc text)
      WHERE d.tenant_id = ${tenantId} AND d.collection = ${collection} AND d.id = r.id
      RETURNING d.id, d.version`.execute(tx);
    done.push(...rows);
  }
  if (added.length > 0) {
    const { rows } = await sql<{ id: string; version: number }>`
      INSERT INTO documents (tenant_id, collection, id, location_id, station_id, contract_version, document, deleted, hlc)
      SELECT ${tenantId}, ${collection}, r.* FROM jsonb_to_recordset(${JSON.stringify(added)}::jsonb)
        AS r (id uuid, location_id uuid, station_id uuid, contract_version text, document jsonb, deleted boolean, hlc text)
      ON CONFLICT DO NOTHING
      RETURNING id, version`.execute(tx);
    done.push(...rows);
  }
  for (const { id, version } of done) results.set(id, version);
  return results;
}

/** The contract's default for documents that do not say. */
function contractVersionOf(document: Readonly<Record<string, unknown>>): string {
  const version = document['contractVersion'];
  return typeof version === 'string' ? version : CONTRACT_VERSION;
}
