/**
 * Whether the cloud has what the station claimed: its own stored bytes, fetched, opened and hashed. Nothing else makes a file
 * `verified`, and each later reading that finds otherwise takes it back.
 */
import { createHash } from 'node:crypto';
import { derivedId, newId } from '../../../electron/contract/index.ts';
import type { Database } from '../../database/database.ts';
import type { Scoped } from '../../database/scope.ts';
import { lockWrites, withScope } from '../../database/scope.ts';
import type { FileKeys } from './file-keys.ts';
import type { Job } from './jobs.ts';
import { finish, keeperScope } from './jobs.ts';
import { SealBrokenError } from './sealing.ts';
import { sessionsOfContent, settleSession } from './settle-session.ts';
import type { StoredFile } from './stored-file.ts';
import { SegmentMissingError, findStoredFile, readContent } from './stored-file.ts';
import type { SegmentStore } from './stores/segment-store.ts';

const MS_PER_DAY = 86_400_000;

export interface VerifyContext {
  readonly database: Database;
  readonly store: SegmentStore;
  readonly keys: FileKeys;
  readonly scrubDays: number;
  readonly now: () => Date;
}

export interface Verification {
  readonly result: 'verified' | 'differs';
  /** `upload`: for the first time. */
  readonly occasion: 'upload' | 'scrub';
}

/**
 * @returns null when there is nothing to look at any more
 * @throws StoreUnavailableError when the bytes can't be had now, which says nothing about them
 */
export async function verifyFile(context: VerifyContext, job: Job, signal: AbortSignal): Promise<Verification | null> {
  const { database, store, keys, now } = context;
  const scope = keeperScope(job.tenantId);
  const file = await withScope(database, scope, async (tx) => findStoredFile(tx, keys, job.subjectId));
  if (file === null || !(file.state === 'stored' || file.state === 'verified')) {
    await withScope(database, scope, async (tx) => finish(tx, job, null));
    return null;
  }
  const result = (await isWhole(store, file, signal)) ? 'verified' : 'differs';
  const occasion = file.verifiedAt === null ? 'upload' : 'scrub';
  // What requests that were killed left behind.
  if (occasion === 'upload') await store.keepOnly({ tenantId: file.tenantId, fileId: file.id }, objectsOf(file));
  await withScope(database, scope, async (tx) => {
    // Sessions are looked at as the last writer of documents left them, and the next one sees the file as it is now.
    await lockWrites(tx);
    const at = now();
    await tx
      .updateTable('files')
      .set(result === 'verified' ? { state: result, verified_at: at } : { state: result, ended_at: at })
      .where('id', '=', file.id)
      .where('state', 'in', ['stored', 'verified'])
      .execute();
    if (result === 'differs' || occasion === 'upload') await record(tx, file, result, at);
    for (const sessionId of await sessionsOfContent(tx, file.tenantId, file.sha256)) {
      await settleSession(tx, file.tenantId, sessionId, at);
    }
    await finish(tx, job, result === 'verified' ? new Date(at.getTime() + context.scrubDays * MS_PER_DAY) : null);
  });
  return { result, occasion };
}

function objectsOf(file: StoredFile): ReadonlySet<string> {
  return new Set(file.segments.map(({ objectId }) => objectId));
}

async function isWhole(store: SegmentStore, file: StoredFile, signal: AbortSignal): Promise<boolean> {
  const hash = createHash('sha256');
  try {
    for await (const bytes of readContent(store, file)) {
      signal.throwIfAborted();
      hash.update(bytes);
    }
  } catch (error) {
    if (error instanceof SegmentMissingError || error instanceof SealBrokenError) return false;
    throw error;
  }
  return hash.digest('hex') === file.sha256;
}

async function record(tx: Scoped, file: StoredFile, result: Verification['result'], at: Date): Promise<void> {
  await tx
    .insertInto('domain_events')
    .values({
      id: result === 'verified' ? derivedId('event', 'file-verified', file.id) : newId(),
      tenant_id: file.tenantId,
      location_id: file.locationId,
      type: result === 'verified' ? 'FileVerified' : 'FileDiffers',
      subject_id: file.id,
      data: JSON.stringify({ size: file.size, mediaType: file.mediaType }),
      metadata: JSON.stringify({ actor: 'keeper' }),
      occurred_at: at,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
}
