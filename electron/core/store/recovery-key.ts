/** Where the master key lies a second time, locked by the passphrase for recovery. It goes when the key is another one. */
import { join } from 'node:path';
import { passphraseKeyStore } from './key-handling.ts';
import type { KeyStore } from './key-handling.ts';

export const RECOVERY_FILE = 'recovery.key';

/** @param directory the clinic's, or a backup's. */
export function recoveryKeyPath(directory: string): string {
  return join(directory, RECOVERY_FILE);
}

export function recoveryKeyStore(directory: string, passphrase: string): KeyStore {
  return passphraseKeyStore(recoveryKeyPath(directory), passphrase);
}
