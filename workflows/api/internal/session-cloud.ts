/** What only the cloud writes of a session. */
import { VantageError, clockLaterThan, formatHlc } from '../../../electron/contract/index.ts';
import type { Scoped } from '../../database/scope.ts';
import { writeDocuments } from '../replication/write-documents.ts';

/** Stands for a station's id in clocks of what the cloud writes. */
const CLOUD_CLOCK = 'cloud';

/** @throws VantageError NOT_FOUND */
export async function readDocument(tx: Scoped, collection: string, id: string) {
  const row = await tx
    .selectFrom('documents')
    .select(['document', 'deleted', 'version'])
    .where('collection', '=', collection)
    .where('id', '=', id)
    .executeTakeFirst();
  if (row === undefined) throw new VantageError('NOT_FOUND');
  return { document: { ...row.document }, deleted: row.deleted, version: row.version };
}

/**
 * Sets fields of `cloud`, the others stay. The caller holds the tenant's turn to write.
 *
 * @returns the document's new version
 * @throws VantageError NOT_FOUND, or INPUT_INVALID for what no document can keep
 */
export async function setCloudFields(
  tx: Scoped,
  tenantId: string,
  sessionId: string,
  fields: Readonly<Record<string, unknown>>,
  now: Date,
): Promise<number> {
  const { document, deleted } = await readDocument(tx, 'sessions', sessionId);
  if (deleted) throw new VantageError('NOT_FOUND');
  const clocks = document['hlc'] as Readonly<Record<string, string>>;
  const changed = {
    ...document,
    cloud: { ...(document['cloud'] as object | null), ...fields },
    hlc: { ...clocks, cloud: clockAfter(clocks['cloud'], now.getTime()) },
    updatedAt: now.toISOString(),
  };
  const write = { id: sessionId, document: changed, deleted: false, known: true };
  const version = (await writeDocuments(tx, tenantId, 'sessions', [write])).get(sessionId);
  if (typeof version !== 'number') throw new VantageError('INPUT_INVALID', 'fields', { field: 'fields' });
  return version;
}

/** A clock of now, or just after the one before where that is ahead. */
export function clockAfter(before: string | undefined, ms: number): string {
  return clockLaterThan(before ?? '', formatHlc({ ms, counter: 0, stationId: CLOUD_CLOCK }), CLOUD_CLOCK);
}
