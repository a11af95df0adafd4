/**
 * How a station has its master key: from its host's own store, or, where that does not open, with a passphrase. Hosts differ in
 * the store alone. They hold the key in memory and give it to core over its private channel.
 */
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { KeyCustody, PassphraseKind } from '../contract/index.ts';
import { VantageError } from '../contract/index.ts';
import { codeOf } from '../core/problems.ts';
import type { KeyStore } from '../core/store/key-handling.ts';
import { loadOrMakeKey, PASSPHRASE_FILE, passphraseKeyStore } from '../core/store/key-handling.ts';
import { keyFits } from '../core/store/replace-file.ts';
import { recoveryKeyPath, recoveryKeyStore } from '../core/store/recovery-key.ts';
import { holdsData } from './directories.ts';

export interface StationKeys {
  readonly custody: KeyCustody;
  /**
   * The key of the clinic; made at the very first start only, never where data lies already.
   * @throws VantageError KEY_MISSING, KEY_FILE_MISSING (of a host that asks for a passphrase), KEY_WRONG, KEY_STORE_INSECURE, KEY_CHANGED_ELSEWHERE (another host changed it, and keeps the new one)
   */
  load(): Promise<Uint8Array>;
  /** Which passphrases a person could enter instead. */
  passphrases(): readonly PassphraseKind[];
  /** Whether the clinic opens with the key is not known by it. @throws VantageError PASSPHRASE_WRONG, KEY_CHANGED_ELSEWHERE */
  unlock(passphrase: string): Promise<Uint8Array>;
  /** Whether the passphrase for recovery gave the key that is in use now. */
  isByRecovery(): boolean;
  /** The clinic opened with this key: where a passphrase for recovery gave it, the next start shall find it. Never rejects. */
  opened(key: Uint8Array): Promise<void>;
  /**
   * Puts a new key where the next start finds it, and reads it back. A file there that nobody could open since its passphrase is forgotten is
   * kept beside, as `.former`.
   * @throws VantageError KEY_NOT_KEPT, KEY_FILE_OTHER (what lies there holds another key; it stays), KEY_STORE_INSECURE, DISK_FULL, DISK_FAILED: which key lies there then, `load` tells
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
  return join(directory, PASSPHRASE_FILE);
}

/** Where a host with a key ring keeps what the ring has wrapped. Beside the other host's file, never over it: a passphrase locks that one. */
export function keyRingFile(directory: string): string {
  return join(directory, 'station.ring-key');
}

/**
 * @param own the file that the key was loaded from.
 * @throws VantageError KEY_CHANGED_ELSEWHERE where the key is not that of the clinic's file, and another host keeps one here
 */
export function assertNotFormer(directory: string, key: Uint8Array, own: string): void {
  const others = [passphraseFile(directory), keyRingFile(directory)].filter((path) => path !== own && existsSync(path));
  if (keyFits(directory, key) === false && others.length > 0)
    throw new VantageError('KEY_CHANGED_ELSEWHERE', 'another host has changed the key, and keeps it');
}

/** The same store, which writes over nothing but the clinic's own key. @param keyStore of the file at `path`. */
export function guardedKeyStore(directory: string, path: string, keyStore: KeyStore): KeyStore {
  return {
    load: () => keyStore.load(),
    save: async (key) => {
      if (!(await opensOwnKey(directory, path, keyStore)) && existsSync(path))
        throw new VantageError('KEY_FILE_OTHER', 'the file does not open with this passphrase');
      await keyStore.save(key);
    },
  };
}

/**
 * @param keyStore of the file at `path`.
 * @returns whether there is a file that it opens: with the clinic's own key. @throws VantageError KEY_FILE_OTHER where it holds another
 */
async function opensOwnKey(directory: string, path: string, keyStore: KeyStore): Promise<boolean> {
  if (!existsSync(path)) return false;
  const key = await keyStore.load().catch((error: unknown) => {
    if (NOT_OPENED.has(codeOf(error))) return null;
    throw error;
  });
  if (key !== null && keyFits(directory, key) === false)
    throw new VantageError('KEY_FILE_OTHER', 'the file holds the key of other data');
  return key !== null;
}

const NOT_OPENED = new Set(['KEY_WRONG', 'KEY_MISSING']);

/** @param directory the clinic's. */
export function stationKeys(directory: string, own: OwnKeys): StationKeys {
  let given = own.passphrase?.given ?? null;
  /** The key in use was opened by a passphrase, and is not in the host's own store. */
  let recovered = false;
  /** The same, and stays so: what lies in that store may be under a passphrase that is forgotten. */
  let isUnread = false;
  let isByRecovery = false;

  function store(): KeyStore {
    if (own.passphrase !== undefined) return own.passphrase.storeOf(given ?? '');
    if (own.store !== undefined) return own.store;
    throw new VantageError('INTERNAL', 'a host has a store for its key');
  }

  const fits = (key: Uint8Array): boolean => keyFits(directory, key) !== false;

  /** @returns null where the passphrase opens nothing that fits. */
  const loadByRecovery = async (): Promise<Uint8Array | null> => {
    const key = given === null || given === '' ? null : await opensWith(recoveryKeyStore(directory, given));
    if (key === null || !fits(key)) return null;
    isByRecovery = true;
    recovered = true;
    isUnread = true;
    return key;
  };

  const load = async (): Promise<Uint8Array> => {
    let key: Uint8Array;
    isByRecovery = false;
    try {
      key = await loadOrMakeKey(store(), { mayMake: !holdsData(directory) });
    } catch (error) {
      const other = NOT_OPENED.has(codeOf(error)) ? await loadByRecovery() : null;
      if (other !== null) return other;
      if (own.custody.kind === 'passphrase' && !existsSync(own.path))
        throw new VantageError('KEY_FILE_MISSING', '', { cause: error });
      throw error;
    }
    if (fits(key)) return key;
    const other = await loadByRecovery();
    if (other === null) assertNotFormer(directory, key, own.path);
    // What does not fit core refuses, and says so.
    return other ?? key;
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
      const found: Uint8Array[] = kept === null ? [] : [kept];
      let byRecovery: Uint8Array | null = null;
      for (const open of own.passphrase === undefined ? [ofRecovery, ofStation] : [ofRecovery]) {
        if (found.some(fits)) break;
        const other = await open();
        if (other !== null) found.push(other);
        if (open === ofRecovery) byRecovery = other;
      }
      const key = found.find(fits) ?? found[0];
      if (key === undefined) throw new VantageError('PASSPHRASE_WRONG');
      assertNotFormer(directory, key, passphraseFile(directory));
      recovered = key !== kept;
      isUnread = recovered;
      isByRecovery = key === byRecovery;
      // From now on it is the one in hand: under it a new key is kept.
      if (own.passphrase !== undefined) given = passphrase;
      return key;
    },
    isByRecovery: () => isByRecovery,
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
      if (!(await opensOwnKey(directory, own.path, store())) && existsSync(own.path)) {
        if (!isUnread) throw new VantageError('KEY_FILE_OTHER', 'the file does not open any more');
        renameSync(own.path, freeName(`${own.path}.former`));
      }
      await store().save(key);
      const kept = await store().load();
      if (kept === null || !Buffer.from(kept).equals(key)) throw new VantageError('KEY_NOT_KEPT', 'it reads otherwise');
      recovered = false;
      isUnread = false;
      isByRecovery = false;
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

function freeName(path: string): string {
  for (let number = 1; ; number += 1) {
    const free = number === 1 ? path : `${path}-${number}`;
    if (!existsSync(free)) return free;
  }
}
