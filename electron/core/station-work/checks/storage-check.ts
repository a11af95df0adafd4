/** Whether what is written here comes back: a blob of its own on the same way as a picture, a sample of what is kept, and the room left. */
import { createHash, randomBytes } from 'node:crypto';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { PICTURE_BYTES } from '../../../contract/storage.ts';
import { codeOf } from '../../problems.ts';
import type { Store } from '../../store/index.ts';
import { prepared } from '../../store/prepared.ts';
import { createBlobWriter, readBlob } from '../../vault/blob-file.ts';
import type { Vault } from '../../vault/index.ts';
import type { Finding } from './outcome.ts';
import { findingOf, part } from './outcome.ts';

/** Of the trial. */
const TRIAL_BYTES = 8 * 1024 * 1024;
/** Kept files that are read whole, the newest: they are what this disk wrote last. */
const SAMPLED_FILES = 8;
const SAMPLED_PAGES = 512;
const MEGABYTE = 1_000_000;

export interface StorageCheckParts {
  readonly store: Pick<Store, 'sqlite' | 'checkPages'>;
  readonly vault: Pick<Vault, 'grantWrite' | 'abandon' | 'verify' | 'space'>;
}

export async function checkStorage({ store, vault }: StorageCheckParts, signal?: AbortSignal): Promise<Finding> {
  const { freeBytes, reserveBytes } = await vault.space();
  const room = part('room', freeBytes - reserveBytes < PICTURE_BYTES ? 'DISK_FULL' : null);
  const trial = await tryOut(vault);
  signal?.throwIfAborted();
  let damaged: string | null = null;
  const blobs = newestBlobs(store.sqlite);
  for (const blobId of blobs) {
    signal?.throwIfAborted();
    await vault.verify(blobId).catch((error: unknown) => (damaged = codeOf(error)));
  }
  const { pages, damaged: pagesDamaged } = store.checkPages(1, SAMPLED_PAGES);
  return findingOf(
    [
      room,
      part('write-and-read', trial.reason),
      part('files', damaged),
      part('records', pagesDamaged.length > 0 ? 'STORE_DAMAGED' : null),
    ],
    [
      { name: 'freeBytes', value: freeBytes, unit: 'bytes' },
      { name: 'trialBytes', value: TRIAL_BYTES, unit: 'bytes' },
      { name: 'written', value: trial.writeSpeed, unit: 'MB/s' },
      { name: 'readBack', value: trial.readSpeed, unit: 'MB/s' },
      { name: 'filesRead', value: blobs.length, unit: 'count' },
      { name: 'pagesRead', value: Math.min(pages, SAMPLED_PAGES), unit: 'count' },
    ],
  );
}

/** Written through to the disk, read back, compared, and gone again. Speeds in MB/s, 0 where it came to nothing. */
async function tryOut(
  vault: StorageCheckParts['vault'],
): Promise<{ readonly reason: string | null; readonly writeSpeed: number; readonly readSpeed: number }> {
  const bytes = randomBytes(TRIAL_BYTES);
  let pendingId: string | null = null;
  try {
    const granted = await vault.grantWrite({ expectedBytes: TRIAL_BYTES });
    ({ pendingId } = granted);
    const began = performance.now();
    const sink = await createBlobWriter(granted.grant);
    await sink.write(bytes);
    // Waits for the disk.
    await sink.finish();
    const written = performance.now();
    const back = await readBlob(granted.grant);
    const read = performance.now();
    const isSame = createHash('sha256').update(back).digest().equals(createHash('sha256').update(bytes).digest());
    return {
      reason: isSame ? null : 'BLOB_DAMAGED',
      writeSpeed: speed(written - began),
      readSpeed: speed(read - written),
    };
  } catch (error) {
    return { reason: codeOf(error), writeSpeed: 0, readSpeed: 0 };
  } finally {
    if (pendingId !== null) await vault.abandon(pendingId);
  }
}

function speed(ms: number): number {
  return Math.round(((TRIAL_BYTES / MEGABYTE) * 1000) / Math.max(ms, 0.1));
}

function newestBlobs(sqlite: Database): readonly string[] {
  return prepared(sqlite, 'SELECT blob_id FROM vault_blobs ORDER BY created_at DESC, blob_id LIMIT ?')
    .pluck()
    .all(SAMPLED_FILES) as string[];
}
