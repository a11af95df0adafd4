/** Sync as the clinic has it: nothing runs before the station is enrolled, and from then on everything does. */
import type { EnrolResponse, Problem } from '../../contract/index.ts';
import type { CloudSettings, Log } from '../clinic-api.ts';
import type { StationIdentity } from '../station.ts';
import type { Store } from '../store/index.ts';
import type { Vault } from '../vault/index.ts';
import type { SyncClock } from './clock.ts';
import { systemClock } from './clock.ts';
import { readAccount } from './cloud-account.ts';
import type { Fetch } from './cloud-client.ts';
import { EnrolledSync } from './enrolled-sync.ts';
import type { EnrolRequestOfPerson, EnrolledBy } from './enrolment.ts';
import { enrol } from './enrolment.ts';
import type { SyncReader } from './sync-reader.ts';

export interface SyncOptions {
  readonly store: Store;
  readonly vault: Vault;
  readonly station: StationIdentity;
  readonly mode: 'demonstration' | 'clinic';
  readonly log: Log;
  readonly settings?: CloudSettings;
  /** What screens are told before the station is enrolled. */
  readonly notEnrolled: SyncReader;
  /** Pictures are on their way or being judged: disk and line are theirs first. */
  readonly busy?: () => boolean;
  readonly clock?: SyncClock;
  /** In [0, 1). */
  readonly random?: () => number;
  readonly fetch?: Fetch;
}

export interface Sync extends SyncReader {
  readonly isEnrolled: boolean;
  /** Of the cloud that the station belongs to; null before it does. */
  readonly address: string | null;
  /** The parts that run; null before the station is enrolled. */
  readonly running: EnrolledSync | null;
  /** What people have to know that is not about one file. */
  readonly problems: readonly Problem[];
  /** When the cloud said that its copy of this content is the same, ISO 8601; null: it has not. */
  verifiedAt(sha256: string): string | null;
  /** What runs once the station is enrolled begins; until then nothing of the network is touched. */
  start(): void;
  /** One at a time. @throws VantageError, as `enrol` in enrolment.ts */
  enrol(request: EnrolRequestOfPerson, by: EnrolledBy): Promise<EnrolResponse>;
  /** The store can be closed afterwards. */
  close(): Promise<void>;
}

/** Screens are told at most so often. */
const TELL_EVERY_MS = 250;

export function openSync(options: SyncOptions): Sync {
  return new StationSync(options);
}

class StationSync implements Sync {
  readonly #options: SyncOptions;
  readonly #clock: SyncClock;
  readonly #listeners = new Set<() => void>();
  readonly #closing = new AbortController();
  #running: EnrolledSync | null = null;
  #enrolling: Promise<unknown> = Promise.resolve();
  #telling = false;

  constructor(options: SyncOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  get isEnrolled(): boolean {
    return readAccount(this.#options.store.sqlite) !== null;
  }

  get address(): string | null {
    return readAccount(this.#options.store.sqlite)?.address ?? null;
  }

  get running(): EnrolledSync | null {
    return this.#running;
  }

  get problems(): readonly Problem[] {
    return this.#running?.problems ?? [];
  }

  get #reader(): Omit<SyncReader, 'changes'> {
    return this.#running ?? this.#options.notEnrolled;
  }

  async state(): ReturnType<SyncReader['state']> {
    return this.#reader.state();
  }

  changes(listener: () => void): () => void {
    const own = (): void => listener();
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  async page(query: Parameters<SyncReader['page']>[0]): ReturnType<SyncReader['page']> {
    return this.#reader.page(query);
  }

  tryNow(): void {
    this.#reader.tryNow();
  }

  async resend(artefact: Parameters<SyncReader['resend']>[0]): Promise<void> {
    return this.#reader.resend(artefact);
  }

  async setBandwidth(limitBytesPerSecond: number | null): Promise<void> {
    return this.#reader.setBandwidth(limitBytesPerSecond);
  }

  verifiedAt(sha256: string): string | null {
    return this.#running?.uploads.verifiedAt(sha256) ?? null;
  }

  start(): void {
    const { store, vault, station, log, busy, random, fetch } = this.#options;
    const account = readAccount(store.sqlite);
    if (account === null || this.#running !== null) return;
    this.#running = new EnrolledSync({
      store,
      vault,
      station,
      account,
      clock: this.#clock,
      random: random ?? Math.random,
      fetch,
      log,
      busy: busy ?? (() => false),
      changed: () => this.#tell(),
    });
  }

  async enrol(request: EnrolRequestOfPerson, by: EnrolledBy): Promise<EnrolResponse> {
    const turn = this.#enrolling.then(async () => this.#enrol(request, by));
    this.#enrolling = turn.catch(() => null);
    return turn;
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('closed'));
    await this.#enrolling;
    await this.#running?.close();
    this.#running = null;
  }

  async #enrol(request: EnrolRequestOfPerson, by: EnrolledBy): Promise<EnrolResponse> {
    const { store, station, mode, settings, fetch } = this.#options;
    this.#closing.signal.throwIfAborted();
    // It would go on with the keys that it has.
    await this.#running?.close();
    this.#running = null;
    try {
      return await enrol(
        {
          store,
          station,
          mode,
          clock: this.#clock,
          allowHttp: settings?.allowHttp === true,
          ...(fetch !== undefined && { fetch }),
        },
        request,
        by,
      );
    } finally {
      if (!this.#closing.signal.aborted) this.start();
      this.#tell();
    }
  }

  #tell(): void {
    if (this.#telling) return;
    this.#telling = true;
    void this.#tellSoon();
  }

  async #tellSoon(): Promise<void> {
    await this.#clock.sleep(TELL_EVERY_MS, this.#closing.signal).catch(() => null);
    this.#telling = false;
    if (this.#closing.signal.aborted) return;
    for (const listener of this.#listeners) listener();
  }
}
