/** Files that nothing names any more, and names whose file has gone. */
import type { Log } from '../clinic-api.ts';
import type { VaultFiles } from './vault-files.ts';
import type { VaultRows } from './vault-rows.ts';

export interface SweepResult {
  readonly removedFiles: number;
  readonly removedBytes: number;
  /** Blobs whose file is not there. Nothing is done about them here but saying so. */
  readonly missingBlobIds: readonly string[];
}

/**
 * Never races a write: a granted file is named by its grant from before it exists until its row is written, and whatever is
 * named is left alone. Age is a second guard, for a writer that outlived the end of its grant.
 */
export async function sweep(vault: {
  readonly files: VaultFiles;
  readonly rows: VaultRows;
  readonly now: () => Date;
  readonly log: Log;
  readonly orphanAgeMs: number;
  readonly lostAgeMs: number;
}): Promise<SweepResult> {
  const { files, rows, log } = vault;
  const found = await files.list();
  const stored = new Set(found.filter((file) => file.kind === 'stored').map((file) => file.name));
  const missingBlobIds = rows.blobs().flatMap((blob) => (stored.has(blob.file) ? [] : [blob.blobId]));
  let removedFiles = 0;
  let removedBytes = 0;
  for (const file of found) {
    const named = file.kind === 'stored' ? rows.isNamed(file.name) : rows.pending(file.name) !== undefined;
    if (named) continue;
    const measure = await files.measure(file.path);
    const ageMs = file.kind === 'stored' ? vault.lostAgeMs : vault.orphanAgeMs;
    if (!measure || vault.now().getTime() - measure.modifiedMs < ageMs) continue;
    await files.remove(file.path);
    removedFiles += 1;
    removedBytes += measure.bytes;
  }
  if (removedFiles > 0)
    log.info({ removedFiles, removedBytes }, 'files that nothing named were removed from the vault');
  if (missingBlobIds.length > 0) log.error({ missing: missingBlobIds.length }, 'files of the vault are missing');
  return { removedFiles, removedBytes, missingBlobIds };
}
