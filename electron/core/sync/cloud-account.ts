/** What the station keeps of its enrolment: the cloud's address and the keys by which it is known there. In the encrypted file. */
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { z } from 'zod';
import type { Store } from '../store/index.ts';
import { readStationValue, writeStationValue } from '../store/station-values.ts';
import { keyIdOf, newKeyPem, stationKeyOf } from './station-key.ts';
import type { StationKeys } from './tokens.ts';

const ACCOUNT_KEY = 'cloud-account';
const PENDING_KEY = 'cloud-enrolment';
/** Since when a new key is wanted, ISO 8601; empty: none is. Written by whoever changes the key of the file as well. */
export const ROTATION_KEY = 'cloud-key-rotation';

const accountSchema = z.object({
  /** As `cloudAddress` gives it. */
  address: z.string(),
  /** That the cloud accepts: PKCS #8, PEM. At first the station's own; it goes on signing the station's records when another takes its place here. */
  privateKey: z.string(),
  /** One that is to take its place. */
  nextPrivateKey: z.string().nullable(),
  enrolledAt: z.iso.datetime(),
});
export type CloudAccount = z.infer<typeof accountSchema>;

/** An enrolment that was sent, and whose answer has not been seen: sent again, it has to be with the same key. */
const pendingSchema = z.object({ address: z.string(), codeHash: z.string(), privateKey: z.string() });
export type PendingEnrolment = z.infer<typeof pendingSchema>;

/** null: not enrolled. */
export function readAccount(sqlite: Database): CloudAccount | null {
  const text = readStationValue(sqlite, ACCOUNT_KEY);
  return text === null ? null : accountSchema.parse(JSON.parse(text));
}

export function readPending(sqlite: Database): PendingEnrolment | null {
  const text = readStationValue(sqlite, PENDING_KEY);
  return text === null || text === '' ? null : pendingSchema.parse(JSON.parse(text));
}

export function writePending(sqlite: Database, pending: PendingEnrolment): void {
  writeStationValue(sqlite, PENDING_KEY, JSON.stringify(pending));
}

/** Part of the transaction that is open: the cloud accepts this key, and nothing is under way. */
export function writeAccount(sqlite: Database, account: CloudAccount): void {
  writeStationValue(sqlite, ACCOUNT_KEY, JSON.stringify(account));
  writeStationValue(sqlite, PENDING_KEY, '');
  writeStationValue(sqlite, ROTATION_KEY, '');
}

/** Asks for a new key at the cloud; it is made when there is a line. @param at ISO 8601 */
export function wantRotation(sqlite: Database, at: string): void {
  writeStationValue(sqlite, ROTATION_KEY, at);
}

export interface AccountKeysOptions {
  readonly store: Pick<Store, 'sqlite' | 'transaction'>;
  readonly stationId: string;
  /** ms since 1970. */
  readonly now: () => number;
}

/** The keys of an enrolled station, each change of them durable before anything is said to the cloud. */
export class AccountKeys implements StationKeys {
  readonly #options: AccountKeysOptions;
  #account: CloudAccount;

  constructor(options: AccountKeysOptions, account: CloudAccount) {
    this.#options = options;
    this.#account = account;
  }

  current(): ReturnType<StationKeys['current']> {
    return stationKeyOf(this.#account.privateKey);
  }

  next(): ReturnType<StationKeys['next']> {
    const { nextPrivateKey } = this.#account;
    return nextPrivateKey === null ? null : stationKeyOf(nextPrivateKey);
  }

  /** Whether the cloud is to be told of a new key: one is wanted, or one was made and not yet taken. */
  get isRotationDue(): boolean {
    const wanted = readStationValue(this.#options.store.sqlite, ROTATION_KEY) ?? '';
    return this.#account.nextPrivateKey !== null || wanted !== '';
  }

  /** Makes the key that is to come, or gives the one that was made before. */
  prepareNext(): ReturnType<StationKeys['current']> {
    const nextPrivateKey = this.#account.nextPrivateKey ?? newKeyPem();
    const account = { ...this.#account, nextPrivateKey };
    writeStationValue(this.#options.store.sqlite, ACCOUNT_KEY, JSON.stringify(account));
    this.#account = account;
    return stationKeyOf(nextPrivateKey);
  }

  async promote(): Promise<void> {
    const { store, stationId, now } = this.#options;
    const { nextPrivateKey } = this.#account;
    if (nextPrivateKey === null) return;
    const account = { ...this.#account, privateKey: nextPrivateKey, nextPrivateKey: null };
    const keyId = await keyIdOf(stationKeyOf(nextPrivateKey));
    await store.transaction((tx) => {
      writeAccount(tx.sqlite, account);
      tx.audit({
        at: new Date(now()).toISOString(),
        actorId: stationId,
        role: 'station',
        action: 'station.key-rotated',
        subjectKind: 'station',
        subjectId: stationId,
        detail: { keyId },
      });
    });
    this.#account = account;
  }
}
