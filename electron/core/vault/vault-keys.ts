/** The vault's keys: derived from the master key by purpose, and blob keys wrapped under them. */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { VantageError } from '../../contract/index.ts';
import { deriveKey } from '../store/key-handling.ts';
import { readStationValue } from '../store/station-values.ts';

/** In table `station`, base64: after a new master key files keep the names that they have, and equal content its one name. */
export const NAME_KEY_KEY = 'vault-name-key';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export interface VaultKeys {
  /**
   * A blob's file name and id: an HMAC of its content's hash, so that equal content has one name here, and a name tells nobody
   * without the key whether a known picture is in this vault.
   */
  nameOf(sha256: string): string;
  /** Wraps a blob key (base64) for the database; `context` says for which row, and is needed again to unwrap. */
  wrap(blobKey: string, context: string): Buffer;
  /** @throws VantageError KEY_WRONG when it was wrapped under another master key or for another row. */
  unwrap(wrapped: Uint8Array, context: string): string;
}

/**
 * AES-256-GCM with a random nonce rather than AES-KW (RFC 3394): Electron's BoringSSL has no key-wrap cipher, and GCM
 * binds the row as associated data.
 * @param masterKey 256 bits; only keys derived from it (HKDF-SHA-256, RFC 5869, one per purpose) are kept.
 * @param nameKey where names were given under an earlier master key; see `nameKeyOf`.
 */
export function deriveVaultKeys(masterKey: Uint8Array, nameKey = firstNameKey(masterKey)): VaultKeys {
  const wrapKey = deriveKey(masterKey, 'vault-key-wrapping');
  return {
    nameOf: (sha256) => createHmac('sha256', nameKey).update(sha256).digest('hex'),
    wrap(blobKey, context) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', wrapKey, nonce, { authTagLength: TAG_BYTES });
      cipher.setAAD(Buffer.from(context));
      return Buffer.concat([nonce, cipher.update(Buffer.from(blobKey, 'base64')), cipher.final(), cipher.getAuthTag()]);
    },
    unwrap(wrapped, context) {
      const nonce = wrapped.subarray(0, NONCE_BYTES);
      const decipher = createDecipheriv('aes-256-gcm', wrapKey, nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(context));
      try {
        decipher.setAuthTag(wrapped.subarray(wrapped.length - TAG_BYTES));
        const plain = decipher.update(wrapped.subarray(NONCE_BYTES, wrapped.length - TAG_BYTES));
        return Buffer.concat([plain, decipher.final()]).toString('base64');
      } catch (error) {
        throw new VantageError('KEY_WRONG', 'a blob key does not unwrap', { cause: error });
      }
    },
  };
}

/** The key of names that came with a clinic's first master key. */
export function firstNameKey(masterKey: Uint8Array): Uint8Array {
  return deriveKey(masterKey, 'vault-names');
}

/** The key of names where the master key is not the first one any more; else undefined. */
export function nameKeyOf(sqlite: Database): Uint8Array | undefined {
  const kept = readStationValue(sqlite, NAME_KEY_KEY);
  return kept === null ? undefined : new Uint8Array(Buffer.from(kept, 'base64'));
}

/** A wrapped key fits one row of one table only. */
export function blobContext(blobId: string): string {
  return `blob:${blobId}`;
}

/** The same for a grant that is under way. */
export function pendingContext(pendingId: string): string {
  return `pending:${pendingId}`;
}
