/** The clinic's file under another master key: every page, and the keys of the vault's files in it. */
import { openCipherFile, changeKey } from '../store/cipher-file.ts';
import { deriveKey } from '../store/key-handling.ts';
import { writeStationValue } from '../store/station-values.ts';
import {
  NAME_KEY_KEY,
  blobContext,
  deriveVaultKeys,
  firstNameKey,
  nameKeyOf,
  pendingContext,
} from '../vault/vault-keys.ts';

/**
 * Works on a copy that nothing else has open: what is left of it after a crash is thrown away and made anew. The vault's files stay as
 * they are, each under a key of its own; only the wrapping of these keys is changed. Names of files stay, too.
 * @throws VantageError KEY_WRONG where `from` is not the file's key
 */
export function reencrypt(path: string, from: Uint8Array, to: Uint8Array): void {
  const sqlite = openCipherFile(path, deriveKey(from, 'store'));
  try {
    sqlite.pragma('journal_mode = DELETE');
    const nameKey = nameKeyOf(sqlite) ?? firstNameKey(from);
    const old = deriveVaultKeys(from, nameKey);
    const next = deriveVaultKeys(to, nameKey);
    const rewrap = (table: string, id: string, context: (id: string) => string): void => {
      const rows = sqlite.prepare<[], { id: string; wrapped: Buffer }>(
        `SELECT ${id} AS id, wrapped_key AS wrapped FROM ${table}`,
      );
      const write = sqlite.prepare<[Buffer, string]>(`UPDATE ${table} SET wrapped_key = ? WHERE ${id} = ?`);
      for (const row of rows.all())
        write.run(next.wrap(old.unwrap(row.wrapped, context(row.id)), context(row.id)), row.id);
    };
    sqlite
      .transaction(() => {
        rewrap('vault_blobs', 'blob_id', blobContext);
        rewrap('vault_pending', 'pending_id', pendingContext);
        writeStationValue(sqlite, NAME_KEY_KEY, Buffer.from(nameKey).toString('base64'));
      })
      .immediate();
    changeKey(sqlite, deriveKey(to, 'store'));
  } finally {
    sqlite.close();
  }
}
