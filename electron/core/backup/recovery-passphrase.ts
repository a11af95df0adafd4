/**
 * One more passphrase that opens the clinic's master key, for the day when the key store of its computer is gone. It locks the key in
 * `recovery.key`, which goes along with every backup. The passphrase itself is kept nowhere. What the store knows of the file is its hash and
 * when it was made: a file that somebody else put there is not called the clinic's.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { assertLongEnough } from '../../contract/index.ts';
import type { StorageKey } from '../../contract/index.ts';
import { readIfThere } from '../store/durable-file.ts';
import { recoveryKeyPath, recoveryKeyStore } from '../store/recovery-key.ts';
import { readStationValue, writeStationValue } from '../store/station-values.ts';
import { storeProblem } from '../store/store-problem.ts';
import type { Store } from '../store/index.ts';
import { KEY_CHANGED_KEY } from './change-key.ts';

/** In table `station`, JSON. */
const NOTE_KEY = 'recovery-key';
/** In table `station`: ISO 8601, when the clinic was last opened with the passphrase. */
const USED_KEY = 'recovery-used-at';
const noteSchema = z.object({ at: z.iso.datetime(), sha256: z.string() });

export interface RecoveryOptions {
  readonly store: Pick<Store, 'sqlite' | 'storeId' | 'transaction'>;
  /** The clinic's. */
  readonly directory: string;
  readonly masterKey: Uint8Array;
  readonly passphrase: string;
  readonly by: { readonly id: string; readonly role: string };
  readonly now: () => Date;
}

/**
 * From now on the passphrase opens the key; one that was chosen before opens it no more, but does in backups from before.
 * @throws VantageError PASSPHRASE_SHORT, DISK_FULL, DISK_FAILED
 */
export async function setRecoveryPassphrase(options: RecoveryOptions): Promise<void> {
  const { store, directory, masterKey, passphrase, by, now } = options;
  assertLongEnough(passphrase);
  try {
    await recoveryKeyStore(directory, passphrase).save(masterKey);
    const at = now().toISOString();
    const note = { at, sha256: hashOf(directory) };
    await store.transaction((tx) => {
      writeStationValue(tx.sqlite, NOTE_KEY, JSON.stringify(note));
      tx.audit({
        at,
        actorId: by.id,
        role: by.role,
        action: 'store.recovery-set',
        subjectKind: 'store',
        subjectId: store.storeId,
        detail: {},
      });
    });
  } catch (error) {
    throw storeProblem(error);
  }
}

/**
 * The clinic was opened with the passphrase: it is out of its envelope, and that is said until the key is another one.
 * @throws VantageError DISK_FULL, DISK_FAILED
 */
export async function noteRecoveryUsed({
  store,
  by,
  now,
}: Pick<RecoveryOptions, 'store' | 'by' | 'now'>): Promise<void> {
  const at = now().toISOString();
  await store.transaction((tx) => {
    writeStationValue(tx.sqlite, USED_KEY, at);
    tx.audit({
      at,
      actorId: by.id,
      role: by.role,
      action: 'store.opened-with-recovery',
      subjectKind: 'store',
      subjectId: store.storeId,
      detail: {},
    });
  });
}

/** When the clinic was last opened with the passphrase; null: never since its key was last changed. ISO 8601. */
export function recoveryUsedAt(sqlite: Store['sqlite']): string | null {
  const used = readStationValue(sqlite, USED_KEY);
  return used !== null && isAfter(used, readStationValue(sqlite, KEY_CHANGED_KEY)) ? used : null;
}

/** Whether a passphrase for recovery opens the key of now, as far as the store knows. */
export function recoveryState(sqlite: Store['sqlite'], directory: string): StorageKey['recovery'] {
  const hash = hashOf(directory);
  const text = readStationValue(sqlite, NOTE_KEY);
  const note = text === null ? null : noteSchema.parse(JSON.parse(text));
  if (hash === null) {
    const isFormer = note !== null && !isAfter(note.at, readStationValue(sqlite, KEY_CHANGED_KEY));
    return isFormer ? { state: 'former', setAt: note.at } : { state: 'none', setAt: null };
  }
  return note?.sha256 === hash ? { state: 'set', setAt: note.at } : { state: 'unknown', setAt: null };
}

/** @param keyChangedAt null: it is the first one. */
function isAfter(at: string, keyChangedAt: string | null): boolean {
  return keyChangedAt === null || Date.parse(at) > Date.parse(keyChangedAt);
}

function hashOf(directory: string): string | null {
  const bytes = readIfThere(recoveryKeyPath(directory));
  return bytes === null ? null : createHash('sha256').update(bytes).digest('hex');
}
