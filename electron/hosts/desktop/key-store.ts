/** Where the desktop host keeps the master key: wrapped by the system's key ring, or, for the demonstration, in a file. */
import { join } from 'node:path';
import type { SafeStorage } from 'electron';
import type { KeyStore } from '../../core/store/key-handling.ts';
import { fileKeyStore, isInsecure, wrappedKeyStore } from '../../core/store/key-handling.ts';
import type { StationMode } from '../../services/directories.ts';
import { keyRingFile, stationKeys } from '../../services/station-keys.ts';
import type { StationKeys } from '../../services/station-keys.ts';

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
  const backend = keyRingBackend(factsOf(keyRing, platform));
  return wrappedKeyStore(path, {
    backend,
    // safeStorage takes text only.
    wrap: async (key) => new Uint8Array(keyRing.encryptString(Buffer.from(key).toString('base64'))),
    unwrap: async (wrapped) => new Uint8Array(Buffer.from(keyRing.decryptString(Buffer.from(wrapped)), 'base64')),
  });
}

/** How this host keeps the key of the clinic in `directory`. Use it after `ready`. */
export function desktopKeys(
  clinic: { readonly directory: string; readonly mode: StationMode },
  keyRing: KeyRing,
  platform = process.platform,
): StationKeys {
  const { directory } = clinic;
  if (clinic.mode === 'demonstration') {
    const path = join(directory, 'demonstration.key');
    return stationKeys(directory, { custody: { kind: 'file' }, path, store: fileKeyStore(path), mayReplace: false });
  }
  const path = keyRingFile(directory);
  const ring = keyRingBackend(factsOf(keyRing, platform));
  return stationKeys(directory, {
    custody: isInsecure(ring) ? { kind: 'memory' } : { kind: 'key-ring', ring },
    path,
    store: keyRingStore(path, keyRing, platform),
    // A ring that was set up anew never opens again what the one before had wrapped.
    mayReplace: true,
  });
}

function factsOf(keyRing: KeyRing, platform: NodeJS.Platform): KeyRingFacts {
  return {
    platform,
    isAvailable: keyRing.isEncryptionAvailable(),
    linuxBackend: platform === 'linux' ? keyRing.getSelectedStorageBackend() : '',
  };
}
