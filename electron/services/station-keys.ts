/**
 * How a station has its master key: from its host's own store, or, where that does not open, with a passphrase. Hosts differ in
 * the store alone. They hold the key in memory and give it to core over its private channel.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { KeyCustody, PassphraseKind } from '../contract/index.ts';
import { VantageError } from '../contract/index.ts';
import { codeOf } from '../core/problems.ts';
import type { KeyStore } from '../core/store/key-handling.ts';
import { loadOrMakeKey, passphraseKeyStore } from '../core/store/key-handling.ts';
import { recoveryKeyPath, recoveryKeyStore } from '../core/store/recovery-key.ts';
import { holdsData } from './directories.ts';

export interface StationKeys {
  readonly custody: KeyCustody;
  /**
   * The key of the clinic; made at the very first start only, never where data lies already.
   * @throws VantageError KEY_MISSING, KEY_WRONG, KEY_STORE_INSECURE
   */
  load(): Promise<Uint8Array>;
  /** Which passphrases a person could enter instead. */
  passphrases(): readonly PassphraseKind[];
  /** Whether the clinic opens with the key is not known by it. @throws VantageError PASSPHRASE_WRONG, */
  unlock(passphrase: string): Promise<Uint8Array>;
  /** The clinic opened with this key: where a passphrase for recovery gave it, the next start shall find it. Never rejects. */
  opened(key: Uint8Array): Promise<void>;
  /**
   * Puts a new key where the next start finds it, and reads it back.
   * @throws VantageError KEY_NOT_KEPT, KEY_STORE_INSECURE, DISK_FULL, DISK_FAILED: which key lies there then, `load` tells
   */
  save(key: Uint8Array): Promise<void>;
}

export interface OwnKeys {
  readonly custody: KeyCustody;
  /** The file that the key lies in. */
  readonly path: string;
  /** A file that a passphrase opens ({@link passphraseFile}): that one, and the store that another makes. */
  readonly passphrase?: { readonly given: string; storeOf(passphrase: string): KeyStore };
  /** Everything else. */
  readonly store?: KeyStore;
  /** Whether what lies in the file may be written over once the clinic opened in another way: a key ring that was set up anew opens it no more. */
  readonly mayReplace: boolean;
}

/** Where a host that asks for a passphrase keeps the key, and the clinic's commands put a new one. */
export function passphraseFile(directory: string): string {
  return join(directory, 'station.key');
}

const NOT_OPENED = new Set(['KEY_WRONG', 'KEY_MISSING']);

/** @param directory the clinic's. */
export function stationKeys(directory: string, own: OwnKeys): StationKeys {
  let given = own.passphrase?.given ?? null;
  /** The key in use was opened by a passphrase, and is not in the host's own store. */
  let recovered = false;

  function store(): KeyStore {
    if (own.passphrase !== undefined) return own.passphrase.storeOf(given ?? '');
    if (own.store !== undefined) return own.store;
    throw new VantageError('INTERNAL', 'a host has a store for its key');
  }

  const load = async (): Promise<Uint8Array> => {
    try {
      return await loadOrMakeKey(store(), { mayMake: !holdsData(directory) });
    } catch (error) {
      if (given === null || !NOT_OPENED.has(codeOf(error))) throw error;
      const key = await opensWith(recoveryKeyStore(directory, given));
      if (key === null) throw error;
      recovered = true;
      return key;
    }
  };

  return {
    custody: own.custody,
    load,
    passphrases: () => [
      // Also where this host keeps the key otherwise: whoever changed it elsewhere left the new one there.
      ...(existsSync(passphraseFile(directory)) ? (['station'] as const) : []),
      ...(existsSync(recoveryKeyPath(directory)) ? (['recovery'] as const) : []),
    ],
    unlock: async (passphrase) => {
      const ofStation = (): Promise<Uint8Array | null> =>
        opensWith(passphraseKeyStore(passphraseFile(directory), passphrase));
      const ofRecovery = (): Promise<Uint8Array | null> => opensWith(recoveryKeyStore(directory, passphrase));
      // A host that does not keep it there may have left an old key in the station's file.
      const kept = own.passphrase === undefined ? null : await ofStation();
      const key = kept ?? (await ofRecovery()) ?? (own.passphrase === undefined ? await ofStation() : null);
      if (key === null) throw new VantageError('PASSPHRASE_WRONG');
      recovered = kept === null;
      // From now on it is the one in hand: under it a new key is kept.
      if (own.passphrase !== undefined) given = passphrase;
      return key;
    },
    opened: async (key) => {
      if (!recovered || own.custody.kind === 'memory') return;
      recovered = false;
      if (existsSync(own.path) && !own.mayReplace) return;
      // Where it can't be kept the clinic is open all the same, and the next start asks again.
      await store()
        .save(key)
        .catch(() => undefined);
    },
    save: async (key) => {
      if (own.custody.kind === 'memory') throw new VantageError('KEY_NOT_KEPT');
      await store().save(key);
      const kept = await store().load();
      if (kept === null || !Buffer.from(kept).equals(key)) throw new VantageError('KEY_NOT_KEPT', 'it reads otherwise');
      recovered = false;
    },
  };
}

/** @returns null where no file lies there, or the passphrase is another. */
async function opensWith(keyStore: KeyStore): Promise<Uint8Array | null> {
  try {
    return await keyStore.load();
  } catch (error) {
    if (codeOf(error) === 'KEY_WRONG') return null;
    throw error;
  }
}
