/**
 * Master keys that the clinic had before: backups from then are still encrypted under them. They lie in `clinic.former-keys`, encrypted
 * (AES-256-GCM) under a key derived from the one of now, newest first. Each backup has them too: whoever opens the newest opens those
 * before it, on another computer as well.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { VantageError } from '../../contract/index.ts';
import { checkValueOf } from '../store/cipher-file.ts';
import { namesIn, readIfThere } from '../store/durable-file.ts';
import { KEY_BYTES, deriveKey } from '../store/key-handling.ts';
import { formerKeysPath } from '../store/replace-file.ts';
import { keyCheckOf } from './manifest.ts';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * Master keys that backups may have been made under: the one of now, then those before, newest first.
 * @param root where backups lie: what only they know of former keys comes last.
 */
export function clinicKeys(directory: string, masterKey: Uint8Array, root: string | null = null): Uint8Array[] {
  const folders = root === null ? [] : [...namesIn(root)].toSorted().toReversed();
  const found = [masterKey, ...formerKeys(directory, masterKey)];
  for (const folder of folders) found.push(...formerKeys(join(root ?? '', folder), masterKey));
  return [...new Map(found.map((key) => [Buffer.from(key).toString('hex'), key])).values()];
}

/**
 * What the clinic has to keep once this backup is in its place: former keys that only the backup knows.
 * @param path of the backup's folder, made under `masterKey` or before it was made. @returns null where there is nothing to be added.
 */
export function formerKeysWith(directory: string, path: string, masterKey: Uint8Array): Buffer | null {
  const known = clinicKeys(directory, masterKey);
  const all = clinicKeys(directory, masterKey, join(path, '..'));
  return all.length === known.length ? null : sealedFormerKeys(all.slice(1), masterKey);
}

/** The clinic's key, or the one that it had when the backup in `path` was made. @throws VantageError KEY_WRONG, NOT_FOUND, BACKUP_DAMAGED */
export async function keyOfBackup(directory: string, path: string, masterKey: Uint8Array): Promise<Uint8Array> {
  const check = await keyCheckOf(path);
  const found = clinicKeys(directory, masterKey, join(path, '..')).find(
    (key) => checkValueOf(deriveKey(key, 'store')).toString('hex') === check,
  );
  if (found === undefined) throw new VantageError('KEY_WRONG', 'the backup was made under another key');
  return found;
}

/** Whether there are former keys that can't be read any more: then no backup from before the last change of the key can be. */
export function formerKeysDamaged(directory: string, masterKey: Uint8Array): boolean {
  const sealed = readIfThere(formerKeysPath(directory));
  return sealed !== null && opened(sealed, masterKey) === null;
}

/** Newest first; none where there is no file, or one that the key does not open. @param directory the clinic's, or a backup's. */
function formerKeys(directory: string, masterKey: Uint8Array): Uint8Array[] {
  const sealed = readIfThere(formerKeysPath(directory));
  return (sealed === null ? null : opened(sealed, masterKey)) ?? [];
}

/** @returns null where it is damaged, or sealed under another key. */
function opened(sealed: Buffer, masterKey: Uint8Array): Uint8Array[] | null {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return null;
  const decipher = createDecipheriv('aes-256-gcm', sealingKey(masterKey), sealed.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  try {
    const keys = Buffer.concat([
      decipher.update(sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES)),
      decipher.final(),
    ]);
    return Array.from(
      { length: keys.length / KEY_BYTES },
      (_, index) => new Uint8Array(keys.subarray(index * KEY_BYTES, (index + 1) * KEY_BYTES)),
    );
  } catch {
    return null;
  }
}

/** @returns the content of the file. */
export function sealedFormerKeys(keys: readonly Uint8Array[], masterKey: Uint8Array): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', sealingKey(masterKey), nonce, { authTagLength: TAG_BYTES });
  return Buffer.concat([nonce, cipher.update(Buffer.concat(keys)), cipher.final(), cipher.getAuthTag()]);
}

function sealingKey(masterKey: Uint8Array): Uint8Array {
  return deriveKey(masterKey, 'former-keys');
}
