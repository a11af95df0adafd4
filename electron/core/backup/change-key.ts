/**
 * A new master key for the clinic: every page of its file, the wrapping of the vault's keys, the anchor. Nobody has the file open
 * meanwhile. A whole new file is made beside; the one step that decides is that of saving the new key. Killed before it, the old file
 * and the old key are as they were; killed after it, the next opening finishes.
 *
 * The bytes of the old file are given up, not overwritten: no program can do that on a solid-state disk. Backups from before stay
 * readable for the clinic, which keeps the former key under the new one; whoever changed the key because it is known to others removes
 * them and makes a new one.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { VantageError, equalJson } from '../../contract/index.ts';
import type { AnchorVerdict } from '../store/anchor-check.ts';
import { headsOf } from '../store/anchor.ts';
import type { StoreHeads } from '../store/anchor.ts';
import { STORE_FILE, closeReadOnly, openCipherFile } from '../store/cipher-file.ts';
import { copyDurably, readIfThere, writeDurably } from '../store/durable-file.ts';
import { openEncryptedFile } from '../store/encrypted-file.ts';
import { KEY_BYTES, PASSPHRASE_FILE, deriveKey } from '../store/key-handling.ts';
import { announceReplacement, finishReplacement, formerKeysPath, nextStorePath } from '../store/replace-file.ts';
import { recoveryKeyPath } from '../store/recovery-key.ts';
import { storeProblem } from '../store/store-problem.ts';
import { ROTATION_KEY } from '../sync/cloud-account.ts';
import { clinicKeys, sealedFormerKeys } from './former-keys.ts';
import { noteKeyChange, removeKeyChangeNote, stoppedKeyChange } from './key-change-note.ts';
import { finishNextStore } from './next-store.ts';
import { reencrypt } from './reencrypt.ts';

/** In table `station`: ISO 8601, when the key of now was made; nothing while it is the first one. */
export const KEY_CHANGED_KEY = 'key-changed-at';
/**
 * In table `station`: SHA-256 (hex) of `station.key` as it lay there when the key was last changed. A host that keeps the key elsewhere leaves
 * that file as it is, and it opens the former key only.
 */
export const STALE_KEY_FILE_KEY = 'key-file-of-former-key';

export interface ChangeKeyOptions {
  readonly directory: string;
  readonly masterKey: Uint8Array;
  /** 32 random bytes. */
  readonly newKey: Uint8Array;
  /** Puts the new key where the host finds it at the next start: whole or not at all. */
  readonly save: (newKey: Uint8Array) => Promise<void>;
  readonly by: { readonly id: string; readonly role: string };
  readonly now: () => Date;
  readonly progress?: (step: 'copied' | 'encrypted' | 'announced' | 'saved' | 'done') => void;
}

/**
 * A recovery passphrase, where there was one, opens the old key only: its file goes with it, and it has to be chosen again.
 * @returns whether there was one.
 * @throws VantageError KEY_WRONG, STORE_DAMAGED, STORE_SWAPPED, STORE_NEWER, SECOND_INSTANCE, DISK_FULL, DISK_FAILED; then the old key
 * is the clinic's still
 */
export async function changeMasterKey(options: ChangeKeyOptions): Promise<{ readonly recoveryGone: boolean }> {
  const { directory, masterKey, newKey, save, by, now, progress } = options;
  if (newKey.length !== KEY_BYTES) throw new VantageError('KEY_WRONG', 'a key has 32 bytes');
  const at = now().toISOString();
  const key = deriveKey(newKey, 'store');
  let isAnnounced = false;
  // Nobody was told of it: no station was started in between.
  const before = stoppedKeyChange(directory, masterKey);
  try {
    noteKeyChange(directory, at, by, newKey);
    const { heads, anchored } = settled(directory, masterKey, at);
    const next = nextStorePath(directory);
    await copyDurably(join(directory, STORE_FILE), next);
    progress?.('copied');
    reencrypt(next, masterKey, newKey);
    checkWhole(next, key, heads);
    progress?.('encrypted');
    const { anchor, found } = anchored;
    const former = sealedFormerKeys(clinicKeys(directory, masterKey), newKey);
    writeDurably(`${formerKeysPath(directory)}.next`, former, 0o600);
    finishNextStore({
      directory,
      masterKey: newKey,
      at,
      action: 'store.key-changed',
      detail: before === null ? {} : { stoppedBefore: before.at },
      by,
      former: anchor,
      findings: [...(anchor?.findings ?? []), ...(found === null ? [] : [found])],
      // Whoever could read the file had the key that the cloud knows, too.
      values: { [ROTATION_KEY]: at, [KEY_CHANGED_KEY]: at, [STALE_KEY_FILE_KEY]: keyFileHash(directory) },
    });
    announceReplacement(directory, key, null);
    isAnnounced = true;
    progress?.('announced');
    await save(newKey);
    progress?.('saved');
    const recoveryGone = existsSync(recoveryKeyPath(directory));
    finishReplacement(directory, key);
    removeKeyChangeNote(directory);
    progress?.('done');
    return { recoveryGone };
  } catch (error) {
    // From the announcement on the next opening decides which key stands, and tells.
    if (!isAnnounced && before === null) removeKeyChangeNote(directory);
    throw storeProblem(error);
  }
}

/** @returns the empty text where there is no such file. */
function keyFileHash(directory: string): string {
  const bytes = readIfThere(join(directory, PASSPHRASE_FILE));
  return bytes === null ? '' : createHash('sha256').update(bytes).digest('hex');
}

/** Everything written back into the one file, and how far it has come. */
function settled(
  directory: string,
  masterKey: Uint8Array,
  at: string,
): { readonly heads: StoreHeads; readonly anchored: AnchorVerdict } {
  const opened = openEncryptedFile(directory, masterKey, at);
  const { sqlite, anchored } = opened;
  try {
    const heads = headsOf(sqlite);
    opened.settle();
    sqlite.pragma('wal_checkpoint(TRUNCATE)');
    return { heads, anchored };
  } finally {
    opened.close();
  }
}

function checkWhole(path: string, key: Uint8Array, heads: StoreHeads): void {
  const sqlite = openCipherFile(path, key, { readonly: true, keyIsRight: true });
  try {
    const isWhole = sqlite.pragma('integrity_check', { simple: true }) === 'ok';
    if (!isWhole || !equalJson(headsOf(sqlite), heads))
      throw new VantageError('STORE_DAMAGED', 'the file under the new key is not the same');
  } finally {
    closeReadOnly(sqlite, path);
  }
}
