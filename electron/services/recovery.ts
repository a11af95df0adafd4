/** The way out of a clinic that does not open: what can be offered, and the copy for whoever looks at the damage. */
import { join } from 'node:path';
import type { PassphraseKind, Problem, RecoveryOffer } from '../contract/index.ts';
import { RECOVERABLE, UNLOCKABLE } from '../contract/index.ts';
import { copyStoreFiles } from '../core/backup/check.ts';
import { clinicKeys } from '../core/backup/former-keys.ts';
import { listBackups } from '../core/backup/manifest.ts';

/** Where the clinic's backups lie. */
export function backupsIn(directory: string): string {
  return join(directory, 'backups');
}

/** @param masterKey without it no backup is said to be verified. @returns null for a problem that no backup mends. */
export async function recoveryOffer(
  directory: string,
  problem: Problem | null,
  masterKey: Uint8Array | null,
): Promise<RecoveryOffer | null> {
  if (problem === null || !RECOVERABLE.includes(problem.code)) return null;
  const keys = masterKey === null ? [] : clinicKeys(directory, masterKey, backupsIn(directory));
  const backups = await listBackups(backupsIn(directory), keys).catch(() => []);
  return { of: 'data', backups: backups.map(({ name, madeAt, verified }) => ({ name, madeAt, verified })) };
}

/**
 * @param passphrases that could be entered. @returns null for a problem that is none of the key, and where there is nothing to be entered in
 * a demonstration: its key is nobody's to know.
 */
export function unlockOffer(problem: Problem | null, passphrases: readonly PassphraseKind[]): RecoveryOffer | null {
  if (problem === null || !UNLOCKABLE.includes(problem.code)) return null;
  if (problem.code.startsWith('DEMONSTRATION_KEY') && passphrases.length === 0) return null;
  return { of: 'key', passphrases: [...passphrases] };
}

/** @returns the folder. @throws VantageError NOT_FOUND, DISK_FULL, DISK_FAILED */
export function copyDamaged(directory: string): Promise<string> {
  return copyStoreFiles(directory, join(directory, 'copies'), () => new Date());
}
