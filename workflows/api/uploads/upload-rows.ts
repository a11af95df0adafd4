/**
 * Uploads as rows. Who may append is said by `writer`: each PATCH takes it with a token of its own, and each segment is added only while
 * the token is still there, at the very place that is next. So of two requests, on whichever machines, one appends; and what is
 * acknowledged never has a gap.
 */
import { sql } from 'kysely';
import type { FileReceipt, FileState, UploadMetadata } from '../../../electron/contract/index.ts';
import { UPLOAD_LIMITS, VantageError, newId } from '../../../electron/contract/index.ts';
import type { Scoped } from '../../database/scope.ts';
import type { StationCaller } from '../access/callers.ts';
import type { FileKeys } from './file-keys.ts';
import { schedule, unschedule } from './jobs.ts';
import { refusals } from './tus.ts';

const MS_PER_DAY = 86_400_000;
/** A writer shows itself at least every few seconds while bytes come (`append.ts`); one that has not for so long is gone. */
export const WRITER_ALIVE_MS = 5_000;

export interface UploadRow {
  readonly id: string;
  readonly state: Exclude<FileState, 'absent'> | 'gone';
  readonly size: number;
  readonly durable: number;
  readonly expiresAt: Date;
}

export interface SegmentRow {
  readonly start: number;
  readonly length: number;
  readonly objectId: string;
}

const COLUMNS = ['id', 'state', 'size', 'durable', 'expires_at as expiresAt'] as const;

function expiry(now: Date): Date {
  return new Date(now.getTime() + UPLOAD_LIMITS.keepDays * MS_PER_DAY);
}

/** The upload of this content at the caller's location: the one that is there, or a new one. */
export async function createUpload(
  tx: Scoped,
  keys: FileKeys,
  caller: StationCaller,
  content: UploadMetadata & { readonly size: number },
  now: Date,
): Promise<UploadRow & { readonly isNew: boolean }> {
  const there = await findLive(tx, caller, content);
  if (there !== undefined) return { ...there, isNew: false };
  const { open } = await tx
    .selectFrom('files')
    .select((query) => query.fn.countAll<number>().as('open'))
    .where('tenant_id', '=', caller.tenantId)
    .where('station_id', '=', caller.stationId)
    .where('state', '=', 'partial')
    .executeTakeFirstOrThrow();
  if (open >= UPLOAD_LIMITS.openUploads) {
    throw new VantageError('TOO_MANY_REQUESTS', 'open uploads', { waitSeconds: 60 });
  }
  const id = newId();
  const isEmpty = content.size === 0;
  const row = await tx
    .insertInto('files')
    .values({
      id,
      tenant_id: caller.tenantId,
      location_id: caller.locationId,
      station_id: caller.stationId,
      sha256: content.sha256,
      size: content.size,
      media_type: content.mediaType,
      state: isEmpty ? 'stored' : 'partial',
      ...(await keys.newFileKey(tx, caller.tenantId, id)),
      expires_at: expiry(now),
      stored_at: isEmpty ? now : null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning(COLUMNS)
    .executeTakeFirst();
  if (row === undefined) {
    // Two stations began it at once.
    const other = await findLive(tx, caller, content);
    if (other === undefined) throw new VantageError('CLOUD_UNAVAILABLE');
    return { ...other, isNew: false };
  }
  await schedule(tx, caller.tenantId, isEmpty ? 'verify' : 'expire', id, isEmpty ? now : expiry(now));
  return { ...row, isNew: true };
}

async function findLive(
  tx: Scoped,
  caller: StationCaller,
  content: { readonly sha256: string; readonly size: number },
): Promise<UploadRow | undefined> {
  return tx
    .selectFrom('files')
    .select(COLUMNS)
    .where('tenant_id', '=', caller.tenantId)
    .where('location_id', '=', caller.locationId)
    .where('sha256', '=', content.sha256)
    .where('size', '=', content.size)
    .where('state', 'in', ['partial', 'stored', 'verified'])
    .executeTakeFirst();
}

/** @throws the refusals of tus: 404 unknown, 410 given up or found different */
export async function readUpload(tx: Scoped, uploadId: string): Promise<UploadRow> {
  const row = await tx.selectFrom('files').select(COLUMNS).where('id', '=', uploadId).executeTakeFirst();
  if (row === undefined) throw refusals.unknown();
  if (row.state === 'gone' || row.state === 'differs') throw refusals.gone();
  return row;
}

export interface Writing {
  readonly upload: UploadRow;
  /** null: every byte is there already. */
  readonly writer: string | null;
  readonly key: Buffer;
}

/** @throws the refusals of tus: 404, 410, 409 for another offset, 423 while another writer lives */
export async function beginWriting(
  tx: Scoped,
  keys: FileKeys,
  uploadId: string,
  offset: number,
  now: Date,
): Promise<Writing> {
  const row = await tx
    .selectFrom('files')
    .select([...COLUMNS, 'writer', 'writer_seen_at', 'wrapped_key', 'key_id'])
    .where('id', '=', uploadId)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) throw refusals.unknown();
  if (row.state === 'gone' || row.state === 'differs') throw refusals.gone();
  const quietMs = row.writer === null ? Infinity : now.getTime() - (row.writer_seen_at?.getTime() ?? 0);
  if (quietMs < WRITER_ALIVE_MS) throw refusals.locked(Math.ceil((WRITER_ALIVE_MS - quietMs) / 1000));
  if (offset !== row.durable) throw refusals.offset(row.durable);
  const key = await keys.fileKey(tx, row);
  if (row.state !== 'partial') return { upload: row, writer: null, key };
  const writer = newId();
  await tx.updateTable('files').set({ writer, writer_seen_at: now }).where('id', '=', uploadId).execute();
  return { upload: row, writer, key };
}

/** Says that the writer lives, without adding anything. @returns whether it still is the writer */
export async function touchWriter(tx: Scoped, uploadId: string, writer: string, now: Date): Promise<boolean> {
  const touched = await tx
    .updateTable('files')
    .set({ writer_seen_at: now })
    .where('id', '=', uploadId)
    .where('writer', '=', writer)
    .executeTakeFirst();
  return touched.numUpdatedRows === 1n;
}

/**
 * Adds segments that the store has acknowledged. With the last byte the upload is `stored`, and reading it back is due.
 *
 * @param segments one or more
 * @returns the upload as it is now; null when another writer took over, or the upload was given up: nothing was added
 */
export async function addSegments(
  tx: Scoped,
  caller: StationCaller,
  uploadId: string,
  writer: string,
  segments: readonly SegmentRow[],
  now: Date,
): Promise<UploadRow | null> {
  const length = segments.reduce((sum, segment) => sum + segment.length, 0);
  const row = await tx
    .updateTable('files')
    .set({ durable: sql`durable + ${length}`, writer_seen_at: now, expires_at: expiry(now) })
    .where('id', '=', uploadId)
    .where('writer', '=', writer)
    .where('durable', '=', segments[0]?.start ?? -1)
    .where('state', '=', 'partial')
    .returning(COLUMNS)
    .executeTakeFirst();
  if (row === undefined) return null;
  await tx
    .insertInto('file_segments')
    .values(
      segments.map(({ start, length: bytes, objectId }) => ({
        tenant_id: caller.tenantId,
        location_id: caller.locationId,
        file_id: uploadId,
        start,
        length: bytes,
        object_id: objectId,
      })),
    )
    .execute();
  if (row.durable < row.size) return row;
  await tx
    .updateTable('files')
    .set({ state: 'stored', stored_at: now, writer: null })
    .where('id', '=', uploadId)
    .execute();
  await unschedule(tx, caller.tenantId, 'expire', uploadId);
  await schedule(tx, caller.tenantId, 'verify', uploadId, now);
  return { ...row, state: 'stored' };
}

/** Lets the next writer in at once. */
export async function endWriting(tx: Scoped, uploadId: string, writer: string): Promise<void> {
  await tx.updateTable('files').set({ writer: null }).where('id', '=', uploadId).where('writer', '=', writer).execute();
}

/** Gives an unfinished upload up. @throws 404, 410, or 409 STATUS_CONFLICT for one that is whole: that is a file of the clinic */
export async function giveUp(tx: Scoped, tenantId: string, uploadId: string, now: Date): Promise<void> {
  const row = await readUpload(tx, uploadId);
  const ended = await tx
    .updateTable('files')
    .set({ state: 'gone', writer: null, ended_at: now })
    .where('id', '=', uploadId)
    .where('state', '=', 'partial')
    .executeTakeFirst();
  if (ended.numUpdatedRows === 0n) throw refusals.offset(row.durable);
  await schedule(tx, tenantId, 'erase', uploadId, now);
}

/** Of several tries of one content, what counts is the one that is furthest. */
const RANK: Readonly<Record<Exclude<FileState, 'absent'>, number>> = { verified: 3, stored: 2, partial: 1, differs: 0 };

/** One for each, in their order, of what the caller's locations have. */
export async function readReceipts(tx: Scoped, hashes: readonly string[]): Promise<FileReceipt[]> {
  const rows = await tx
    .selectFrom('files')
    .select(['id', 'sha256', 'state', 'size', 'durable', 'verified_at'])
    .where('sha256', '=', sql<string>`ANY(${hashes}::text[])`)
    .where('state', '<>', 'gone')
    .orderBy('created_at')
    .execute();
  const best = new Map<string, FileReceipt>();
  for (const row of rows) {
    if (row.state === 'gone') continue;
    const { sha256, state, size } = row;
    const known = best.get(sha256);
    if (known !== undefined && known.state !== 'absent' && RANK[known.state] > RANK[state]) continue;
    best.set(sha256, {
      sha256,
      state,
      uploadId: state === 'partial' ? row.id : null,
      offset: row.durable,
      size,
      verifiedAt: state === 'verified' ? (row.verified_at?.toISOString() ?? null) : null,
      fileId: state === 'verified' ? row.id : null,
    });
  }
  return hashes.map(
    (sha256) =>
      best.get(sha256) ?? {
        sha256,
        state: 'absent',
        uploadId: null,
        offset: 0,
        size: null,
        verifiedAt: null,
        fileId: null,
      },
  );
}
