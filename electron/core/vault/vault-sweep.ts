/** Files that nothing names any more, and names whose file has gone. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Log } from '../clinic-api.ts';
import type { VaultFiles } from './vault-files.ts';
import type { VaultRows } from './vault-rows.ts';

export interface SweepResult {
  readonly removedFiles: number;
  readonly removedBytes: number;
  /** Blobs whose file is not there. Nothing is done about them here but saying so. */
  readonly missingBlobIds: readonly string[];
}

interface SweptVault {
  readonly files: VaultFiles;
  readonly rows: VaultRows;
  readonly now: () => Date;
  readonly log: Log;
  readonly orphanAgeMs: number;
  readonly lostAgeMs: number;
}

const PAGE = 2000;

/**
 * Never races a write, at opening and while the vault is in use: a granted file is named by its grant from before it exists until
 * its row is written, and whatever is named is left alone. Between asking for the name and removing the file nothing else runs.
 * Age is a second guard, for a writer that outlived the end of its grant.
 */
export async function sweep(vault: SweptVault): Promise<SweepResult> {
  const { files, rows, log } = vault;
  const erased = await removeErased(vault);
  const found = await files.list();
  let removedFiles = erased.files;
  let removedBytes = erased.bytes;
  for (const file of found) {
    const isNamed = (): boolean =>
      file.kind === 'stored' ? rows.isNamed(file.name) : rows.pending(file.name) !== undefined;
    if (isNamed()) continue;
    const measure = await files.measure(file.path);
    const ageMs = file.kind === 'stored' ? vault.lostAgeMs : vault.orphanAgeMs;
    if (!measure || vault.now().getTime() - measure.modifiedMs < ageMs || isNamed()) continue;
    files.remove(file.path);
    removedFiles += 1;
    removedBytes += measure.bytes;
  }
  const stored = new Set(found.flatMap((file) => (file.kind === 'stored' ? [file.name] : [])));
  const missingBlobIds = await missingOf(vault, stored);
  if (removedFiles > 0)
    log.info({ removedFiles, removedBytes }, 'files that nothing named were removed from the vault');
  if (missingBlobIds.length > 0) log.error({ missing: missingBlobIds.length }, 'files of the vault are missing');
  return { removedFiles, removedBytes, missingBlobIds };
}

/**
 * Removes the files whose rows were erased. A name that was given to a new file meanwhile is that file's.
 * @param only those of them; all if left out
 */
export async function removeErased(
  vault: Pick<SweptVault, 'files' | 'rows'>,
  only?: readonly string[],
): Promise<{ readonly files: number; readonly bytes: number }> {
  const { files, rows } = vault;
  const removed = { files: 0, bytes: 0 };
  for (const file of only ?? rows.erased()) {
    const path = files.storedPath(file);
    const measure = await files.measure(path);
    if (!rows.isErased(file)) continue;
    if (measure && !rows.isNamed(file)) {
      files.remove(path);
      removed.files += 1;
      removed.bytes += measure.bytes;
    }
    rows.dropErased(file);
  }
  return removed;
}

/** Blobs that were not among the files a moment ago, and are not there now either. */
async function missingOf({ files, rows }: SweptVault, stored: ReadonlySet<string>): Promise<string[]> {
  const missing: string[] = [];
  for (let page = rows.blobsAfter('', PAGE); page.length > 0; page = rows.blobsAfter(page.at(-1)?.blobId ?? '', PAGE)) {
    for (const { blobId, file } of page) {
      if (stored.has(file) || (await files.exists(files.storedPath(file)))) continue;
      // Its file may have been replaced, or the blob erased, since the page was read.
      if (rows.blob(blobId)?.file === file) missing.push(blobId);
    }
    await nextTurn();
  }
  return missing;
}
