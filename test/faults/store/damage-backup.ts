/** A damaged backup is named by whoever looks at it, and never put in the clinic's place as if it were whole. */
import { cpSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { VantageError } from '../../../electron/contract/index.ts';
import { makeBackup, verifyBackup } from '../../../electron/core/backup/backup.ts';
import { listBackups, unreadableBackups } from '../../../electron/core/backup/manifest.ts';
import { restoreBackup } from '../../../electron/core/backup/restore.ts';
import type { RestoreResult } from '../../../electron/core/backup/restore.ts';
import { signerOf } from '../../../electron/core/audit/signer.ts';
import { stationIdOf, stationIdentity } from '../../../electron/core/station.ts';
import { openStore } from '../../../electron/core/store/index.ts';
import { readClinic } from './clinic-content.ts';
import type { ClinicContent } from './clinic-content.ts';

/** Fixed, so that two restores of the same backup write the same. */
const RESTORED_AT = new Date('2026-11-30T08:30:00.000Z');
/** What every restore makes anew, and what it says of what it found. */
const OWN = /^row (station (generation|restored)|audit \d+|vault_checks .*)$/;

/** Makes one of a stopped clinic, as `npm run clinic -- backup` does. */
export async function backUp(directory: string, masterKey: Uint8Array): Promise<void> {
  const stationId = stationIdOf(directory);
  const store = await openStore({ directory, key: masterKey, now: Date.now, stationId });
  try {
    await makeBackup({
      store,
      directory,
      root: join(directory, 'backups'),
      masterKey,
      signer: signerOf(stationIdentity(store, 'demonstration', stationId).privateKey),
      stationId,
      now: () => new Date(),
    });
  } finally {
    await store.close();
  }
}

/** What a backup restores on a machine that has nothing; `result` is the code where it refuses to. */
export interface Restored extends ClinicContent {
  readonly result: RestoreResult | string;
  /** Whether anything lies in the folder afterwards that was not there. */
  readonly left: readonly string[];
}

/** @param backups the folder with the backups, of which there is one. @param scratch a folder that does not exist. */
export async function restored(backups: string, scratch: string, masterKey: Uint8Array): Promise<Restored> {
  const directory = join(scratch, 'clinic');
  mkdirSync(directory, { recursive: true });
  try {
    // Beside it, so that nothing is linked to the bytes of the image.
    cpSync(backups, join(scratch, 'backups'), { recursive: true });
    const name = readdirSync(backups).find((entry) => /^\d{8}T/.test(entry)) ?? '';
    const result = await restoreBackup({
      directory,
      path: join(scratch, 'backups', name),
      masterKey,
      by: { id: 'proof', role: 'command' },
      now: () => RESTORED_AT,
    }).catch((error: unknown) => {
      if (error instanceof VantageError) return error.code;
      throw error;
    });
    const left = readdirSync(directory);
    if (typeof result === 'string') return { result, left, content: new Map(), problems: [], refused: null };
    return { result, left, ...(await readClinic(directory, async () => masterKey)) };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/**
 * @param path the damaged file, within the clinic's folder. @param sound what the backup restores when it is whole.
 * @returns what is wrong with how the backup is judged and restored, and whether its damage was named.
 */
export async function wrongWithBackup(
  directory: string,
  path: string,
  masterKey: Uint8Array,
  sound: Restored,
  scratch: string,
): Promise<{ readonly wrong: readonly string[]; readonly told: boolean }> {
  const root = join(directory, 'backups');
  const name = readdirSync(root).find((entry) => /^\d{8}T/.test(entry)) ?? '';
  const isNamed = [...(await listBackups(root, [])).map((info) => info.name), ...(await unreadableBackups(root))];
  const wrong = isNamed.includes(name) ? [] : ['the backup is in no list'];

  const checked = await verifyBackup(join(root, name), masterKey, () => RESTORED_AT).then(
    ({ ok }) => ok,
    (error: unknown) => {
      if (error instanceof VantageError) return false;
      throw error;
    },
  );
  const found = await restored(root, scratch, masterKey);
  if (typeof found.result === 'string') {
    if (!['BACKUP_DAMAGED', 'KEY_WRONG', 'NOT_FOUND'].includes(found.result)) wrong.push(`refused: ${found.result}`);
    // The folder of the vault may be there, and what belongs to it.
    const others = found.left.filter((entry) => entry !== 'vault');
    if (others.length > 0) wrong.push(`a refused restore left ${others.join(', ')}`);
    if (checked) wrong.push('it is called whole, and can not be restored');
    return { wrong, told: !checked };
  }
  const places = new Set([...sound.content.keys(), ...found.content.keys()]);
  const differing = [...places].filter(
    (place) => !OWN.test(place) && sound.content.get(place) !== found.content.get(place),
  );
  const { missingFiles, damagedFiles } = found.result;
  const isPicture = basename(dirname(dirname(path))) === 'blobs';
  if (isPicture) {
    if (differing.length !== missingFiles + damagedFiles || differing.some((place) => !place.startsWith('file ')))
      wrong.push(`${missingFiles + damagedFiles} files are said to be lost, and ${differing.join(', ')} differ`);
    if (differing.length > 0 && checked) wrong.push('it is called whole, and a file of it is lost');
    if (differing.length > 0 && found.problems.length === 0) wrong.push('the restored clinic does not name the file');
  } else if (differing.length > 0) wrong.push(`restored though damaged: ${differing.slice(0, 3).join(', ')} differ`);
  if (checked && /(files\.txt|clinic\.check)$/.test(path)) wrong.push('it is called whole');
  return { wrong, told: !checked };
}
