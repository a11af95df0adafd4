/** Where the desktop host keeps the master key: wrapped by the system's key ring, or, for the demonstration, in a file. */
import { join } from 'node:path';
import type { SafeStorage } from 'electron';
import type { KeyStore } from '../../core/store/key-handling.ts';
import { fileKeyStore, loadOrMakeKey, wrappedKeyStore } from '../../core/store/key-handling.ts';
import type { StationMode } from '../../services/directories.ts';
import { holdsData } from '../../services/directories.ts';

type KeyRing = Pick<
  SafeStorage,
  'isEncryptionAvailable' | 'getSelectedStorageBackend' | 'encryptString' | 'decryptString'
>;

/** What the key ring says of itself; only Linux has several kinds. */
export interface KeyRingFacts {
  readonly platform: NodeJS.Platform;
  readonly isAvailable: boolean;
  /** `safeStorage.getSelectedStorageBackend()`; Linux only. */
  readonly linuxBackend: string;
}

/**
 * The backend's name as `wrappedKeyStore` judges it: `unknown` and `basic_text` are refused there (KEY_STORE_INSECURE).
 * `basic_text` encrypts with a password that stands in Chromium's source; Electron still calls that "available".
 */
export function keyRingBackend(facts: KeyRingFacts): string {
  if (!facts.isAvailable) return 'unknown';
  switch (facts.platform) {
    case 'darwin':
      return 'keychain';
    case 'win32':
      return 'dpapi';
    default:
      return facts.linuxBackend === '' ? 'unknown' : facts.linuxBackend;
  }
}

/** A KeyStore on `safeStorage`. Use it after `ready`. @throws VantageError KEY_STORE_INSECURE on load and save, nothing written. */
export function keyRingStore(path: string, keyRing: KeyRing, platform = process.platform): KeyStore {
  const backend = keyRingBackend({
    platform,
    isAvailable: keyRing.isEncryptionAvailable(),
    linuxBackend: platform === 'linux' ? keyRing.getSelectedStorageBackend() : '',
  });
  return wrappedKeyStore(path, {
    backend,
    // safeStorage takes text only.
    wrap: async (key) => new Uint8Array(keyRing.encryptString(Buffer.from(key).toString('base64'))),
    unwrap: async (wrapped) => new Uint8Array(Buffer.from(keyRing.decryptString(Buffer.from(wrapped)), 'base64')),
  });
}

/**
 * The master key of the clinic in `directory`; made at the very first start only, never where data lies already.
 * @throws VantageError KEY_MISSING, KEY_WRONG, KEY_STORE_INSECURE
 */
export function loadMasterKey(
  clinic: { readonly directory: string; readonly mode: StationMode },
  keyRing: KeyRing,
): Promise<Uint8Array> {
  const keyStore =
    clinic.mode === 'demonstration'
      ? fileKeyStore(join(clinic.directory, 'demonstration.key'))
      : // Beside the other host's `station.key`, never over it: that one is locked by a passphrase.
        keyRingStore(join(clinic.directory, 'station.ring-key'), keyRing);
  return loadOrMakeKey(keyStore, { mayMake: !holdsData(clinic.directory) });
}
