/** What a restore has read of its backup, as far as that says whether the backup is whole: then it was read back, and its seal says so. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { damagedKeys } from './backup.ts';
import { blobPath, hasBlob } from './blob-copies.ts';
import type { BlobFile } from './blob-copies.ts';
import { BLOBS_FOLDER, writeVerdict } from './manifest.ts';
import type { Manifest } from './manifest.ts';

export interface ReadOfBackup {
  /** The backup's folder, and its manifest, which the file of the store and the list of files agree with. */
  readonly path: string;
  readonly manifest: Manifest;
  readonly files: readonly BlobFile[];
  /** Folder of the clinic's files; all that the store names have been read there. */
  readonly vault: string;
  /** Names of those that came from the backup now, or whose copies in it were read themselves. */
  readonly fromBackup: ReadonlySet<string>;
  /** Whether a copy in the backup is not what was written. */
  readonly isDamaged: boolean;
}

/**
 * @returns null where not every file of the backup has been read: one that the clinic still had was read there, and only where both names
 * are one file does that say anything of the backup's.
 */
export async function verdictOf(read: ReadOfBackup): Promise<boolean | null> {
  const { path, manifest, files, vault, fromBackup, isDamaged } = read;
  const blobs = join(path, '..', BLOBS_FOLDER);
  let missing = 0;
  let isAllRead = true;
  for (const blob of files) {
    if (!(await hasBlob(blobs, blob))) missing += 1;
    else if (!fromBackup.has(blob.file)) {
      isAllRead &&= await isOneFile(blobPath(blobs, blob.file), blobPath(vault, blob.file));
    }
  }
  if (isDamaged || missing > manifest.files.missing || (await damagedKeys(path, manifest)).length > 0) return false;
  return isAllRead ? true : null;
}

/** A backup that nobody can write to is restored all the same. */
export async function noteVerdict(path: string, ok: boolean, at: string, masterKey: Uint8Array): Promise<void> {
  await writeVerdict(path, { at, ok }, masterKey).catch(() => undefined);
}

async function isOneFile(one: string, other: string): Promise<boolean> {
  const [first, second] = await Promise.all([stat(one, { bigint: true }), stat(other, { bigint: true })]).catch(() => [
    null,
    null,
  ]);
  return first !== null && second !== null && first.ino !== 0n && first.ino === second.ino && first.dev === second.dev;
}
