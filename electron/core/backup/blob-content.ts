/** Reads the vault's files where they lie and compares each with its row: the master key and an open store are all that it needs. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { VantageError } from '../../contract/index.ts';
import { pieces } from '../vault/blob-file.ts';
import { blobContext, deriveVaultKeys, nameKeyOf } from '../vault/vault-keys.ts';

interface Row {
  readonly blobId: string;
  readonly sha256: string;
  readonly file: string;
  readonly wrappedKey: Buffer;
}

/**
 * @param pathOf where a stored file lies. @param only these files; all if left out.
 * @returns the files that are there and are not what was written. Missing ones are not among them.
 * @throws VantageError KEY_WRONG, DISK_FAILED; the signal's reason
 */
export async function damagedBlobs(
  sqlite: Database,
  masterKey: Uint8Array,
  pathOf: (file: string) => string,
  work: {
    readonly signal?: AbortSignal;
    readonly progress?: (done: number, total: number) => void;
    readonly only?: ReadonlySet<string>;
  },
): Promise<string[]> {
  const keys = deriveVaultKeys(masterKey, nameKeyOf(sqlite));
  const rows = sqlite
    .prepare<[], Row>(
      'SELECT blob_id AS blobId, sha256, file, wrapped_key AS wrappedKey FROM vault_blobs ORDER BY file',
    )
    .all()
    .filter(({ file }) => work.only?.has(file) ?? true);
  const damaged: string[] = [];
  for (const [index, { blobId, sha256, file, wrappedKey }] of rows.entries()) {
    work.signal?.throwIfAborted();
    const path = pathOf(file);
    if (existsSync(path) && (await hashOf(path, keys.unwrap(wrappedKey, blobContext(blobId)))) !== sha256)
      damaged.push(file);
    work.progress?.(index + 1, rows.length);
  }
  return damaged;
}

/** @returns null where the file is not whole or not under this key. */
async function hashOf(path: string, key: string): Promise<string | null> {
  const hash = createHash('sha256');
  try {
    for await (const piece of pieces({ path, key })) hash.update(piece);
    return hash.digest('hex');
  } catch (error) {
    if (error instanceof VantageError && error.code === 'BLOB_DAMAGED') return null;
    throw error;
  }
}
