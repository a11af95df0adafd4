/** Stored bytes, read back: fetched, opened, in order. */
import type { Scoped } from '../../database/scope.ts';
import type { FileKeys } from './file-keys.ts';
import { segmentContext, unseal } from './sealing.ts';
import type { SegmentStore } from './stores/segment-store.ts';
import type { SegmentRow } from './upload-rows.ts';

export interface StoredFile {
  readonly tenantId: string;
  readonly locationId: string;
  readonly id: string;
  readonly state: string;
  readonly sha256: string;
  readonly size: number;
  readonly mediaType: string;
  readonly verifiedAt: Date | null;
  readonly key: Buffer;
  /** In order, without a gap. */
  readonly segments: readonly SegmentRow[];
}

/** A segment is not there any more, or there is a gap between two. */
export class SegmentMissingError extends Error {
  override readonly name = 'SegmentMissingError';
}

/** @returns null when there is none that the scope may see */
export async function findStoredFile(tx: Scoped, keys: FileKeys, fileId: string): Promise<StoredFile | null> {
  const row = await tx.selectFrom('files').selectAll().where('id', '=', fileId).executeTakeFirst();
  if (row === undefined) return null;
  const segments = await tx
    .selectFrom('file_segments')
    .select(['start', 'length', 'object_id as objectId'])
    .where('file_id', '=', fileId)
    .orderBy('start')
    .execute();
  return {
    tenantId: row.tenant_id,
    locationId: row.location_id,
    id: fileId,
    state: row.state,
    sha256: row.sha256,
    size: row.size,
    mediaType: row.media_type,
    verifiedAt: row.verified_at,
    key: await keys.fileKey(tx, row),
    segments,
  };
}

/**
 * The content from byte `first` to byte `last`, both included.
 *
 * @throws SegmentMissingError, SealBrokenError when the bytes are not what was stored; StoreUnavailableError when that can't be told now
 */
export async function* readContent(
  store: SegmentStore,
  file: StoredFile,
  first = 0,
  last = file.size - 1,
): AsyncGenerator<Buffer> {
  let next = first;
  for (const { start, length, objectId } of file.segments) {
    const end = start + length;
    if (end <= first || start > last) continue;
    if (start > next) throw new SegmentMissingError('a gap between segments');
    const sealed = await store.get({ tenantId: file.tenantId, fileId: file.id, objectId });
    if (sealed === null) throw new SegmentMissingError('a segment is gone');
    const plain = unseal(file.key, segmentContext(file.id, start), sealed);
    if (plain.length !== length) throw new SegmentMissingError('a segment of another length');
    yield plain.subarray(next - start, Math.min(last + 1, end) - start);
    next = end;
  }
  if (next <= last) throw new SegmentMissingError('the last segment is gone');
}
