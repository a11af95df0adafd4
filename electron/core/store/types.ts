/** What the rest of core sees of the store. */
import type { Database } from 'better-sqlite3-multiple-ciphers';
import type { RxCollection } from 'rxdb';
import type { Observable } from 'rxjs';
import type { z } from 'zod';
import type {
  AuditEntry,
  AuditEntryInput,
  CollectionName,
  DocumentOf,
  documentSchemas,
  HybridClock,
  Intent,
  IntentInput,
} from '../../contract/index.ts';
import type { AuditQuery } from '../audit/index.ts';
import type { AnchorVerdict } from './anchor-check.ts';
import type { SqliteConnection, SqliteStorageInstance } from './rx-storage-sqlite/index.ts';
import type { PageCheck, Snapshot, SnapshotWork } from './snapshot.ts';

/** What the store fills in by itself. */
type Stamped = 'hlc' | 'createdAt' | 'updatedAt' | 'contractVersion' | 'stationId';
/** The fields that the contract names, without the index signature of unknown ones. */
type NamedKey<T> = keyof { [K in keyof T as string extends K ? never : K]: T[K] };
type Input<N extends CollectionName> = z.input<(typeof documentSchemas)[N]>;
/** A document as callers write it: what is stamped or has a default may be left out. Unknown fields go along. */
export type Draft<N extends CollectionName> = {
  [K in keyof Input<N> as string extends K ? never : K extends Stamped ? never : K]: Input<N>[K];
} & { readonly [K in Stamped]?: DocumentOf<N>[K] | undefined };

/** Mango, as in RxDB. */
export interface StoreQuery<N extends CollectionName> {
  readonly selector?: Readonly<Partial<Record<NamedKey<DocumentOf<N>> | '$and' | '$or', unknown>>>;
  readonly sort?: readonly Readonly<Partial<Record<NamedKey<DocumentOf<N>>, 'asc' | 'desc'>>>[];
  readonly skip?: number;
  readonly limit?: number;
}

export interface PutOptions {
  /** A revision: it must still be the current one. null: there must be none yet. Otherwise STATUS_CONFLICT. */
  readonly expectedRevision?: string | null;
}

/** What is written in the very transaction of the documents that cause it. */
export interface Companions {
  readonly audit?: readonly AuditEntryInput[];
  readonly intents?: readonly IntentInput[];
}

export type ClinicCollections = { readonly [N in CollectionName]: RxCollection<DocumentOf<N>> };

export interface StoreChange {
  readonly collection: CollectionName;
  readonly id: string;
  readonly operation: 'INSERT' | 'UPDATE' | 'DELETE';
}

/** A logger in pino's shape. */
export interface StoreLog {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** Valid while `Store.transaction` runs its function. Everything is synchronous and takes part in that one transaction. */
export interface StoreTransaction {
  readonly sqlite: Database;
  get<N extends CollectionName>(name: N, id: string): DocumentOf<N> | null;
  /** @throws VantageError NOT_FOUND */
  require<N extends CollectionName>(name: N, id: string): DocumentOf<N>;
  revisionOf(name: CollectionName, id: string): string | null;
  find<N extends CollectionName>(name: N, query?: StoreQuery<N>): DocumentOf<N>[];
  /**
   * Inserts or replaces the whole document. Where nothing but bookkeeping differs, nothing is written.
   * @throws VantageError INPUT_INVALID (with the field), STATUS_CONFLICT
   */
  put<N extends CollectionName>(name: N, draft: Draft<N> | DocumentOf<N>, options?: PutOptions): DocumentOf<N>;
  /** @param modify null: leave it as it is. @throws VantageError NOT_FOUND, INPUT_INVALID */
  update<N extends CollectionName>(
    name: N,
    id: string,
    modify: (current: DocumentOf<N>) => Draft<N> | DocumentOf<N> | null,
  ): DocumentOf<N>;
  /** Leaves a tombstone, which replication carries. @throws VantageError NOT_FOUND */
  remove(name: CollectionName, id: string): void;
  audit(entry: AuditEntryInput): void;
  /** The same id again changes nothing: what should happen was said already. */
  intent(intent: IntentInput): void;
}

/** One document of a `writeMany`. */
export type Write = {
  [N in CollectionName]: PutOptions & { readonly name: N; readonly document: Draft<N> | DocumentOf<N> };
}[CollectionName];

/** What replication works on: documents beneath their stamps, and the connection whose transactions they take part in. */
export interface StoreTables {
  readonly connection: SqliteConnection;
  /** Of RxDB's database. */
  readonly databaseName: string;
  /** The store's own instance: it tells of everybody's writes. */
  instance<N extends CollectionName>(name: N): SqliteStorageInstance<DocumentOf<N>>;
}

export interface Store {
  /** Random, made with the file. */
  readonly storeId: string;
  /** What the anchor said of the file when it was opened. */
  readonly anchored: AnchorVerdict;
  /** The handle that RxDB uses, too. A write through it is a transaction of its own, unless within `transaction`. */
  readonly sqlite: Database;
  /**
   * RxDB's collections over the same tables, opened when first asked for: for replication and `watch`. Others read and write
   * through the methods below, and each side hears of what the other writes.
   */
  rxCollections(): Promise<ClinicCollections>;
  /** Beneath the methods below: nothing is stamped, validated or audited there. */
  readonly tables: StoreTables;
  readonly clock: HybridClock;
  /**
   * Runs `run` in one durable transaction. When the promise resolves, what was written survives `kill -9` and power loss;
   * when it rejects, nothing was. Watchers hear of it after the commit.
   * @param run synchronous. It runs again when the disk was full and room could be made: it changes nothing but the store.
   * @throws VantageError DISK_FULL, DISK_FAILED, STORE_DAMAGED, and what `run` throws
   */
  transaction<T>(run: (transaction: StoreTransaction) => T): Promise<T>;
  write<N extends CollectionName>(
    name: N,
    draft: Draft<N> | DocumentOf<N>,
    companions?: Companions,
    options?: PutOptions,
  ): Promise<DocumentOf<N>>;
  /** Reads, changes and writes in one transaction: nothing can come between. Companions are left out where nothing changes. */
  update<N extends CollectionName>(
    name: N,
    id: string,
    modify: (current: DocumentOf<N>) => Draft<N> | DocumentOf<N> | null,
    companions?: Companions | ((next: DocumentOf<N>, current: DocumentOf<N>) => Companions),
  ): Promise<DocumentOf<N>>;
  /** All or nothing, across collections. */
  writeMany(writes: readonly Write[], companions?: Companions): Promise<void>;
  get<N extends CollectionName>(name: N, id: string): Promise<DocumentOf<N> | null>;
  revisionOf(name: CollectionName, id: string): Promise<string | null>;
  find<N extends CollectionName>(name: N, query?: StoreQuery<N>): Promise<DocumentOf<N>[]>;
  count<N extends CollectionName>(name: N, query?: StoreQuery<N>): Promise<number>;
  /** The result now, and again whenever it changes. */
  watch<N extends CollectionName>(name: N, query?: StoreQuery<N>): Observable<DocumentOf<N>[]>;
  /** Every change, after its commit. */
  changes(): Observable<StoreChange>;
  readonly audit: {
    append(...entries: AuditEntryInput[]): Promise<void>;
    read(query?: AuditQuery): AuditEntry[];
    /** Told of each entry within its own transaction (checkpoints); one listener. */
    onAppended(listener: (entry: AuditEntry) => void): void;
  };
  /** Intents that wait to be delivered, oldest first; 100 if no limit is given. */
  pendingIntents(limit?: number): Intent[];
  /** Looks at `count` pages of the file from `from` (1) on, as they lie on the disk. @throws Error of the file system */
  checkPages(from: number, count: number): PageCheck;
  /** The first 16 bytes of the file, hex; they belong to its encryption and are no secret. */
  salt(): string;
  /**
   * Copies the encrypted file as it is now to `path`, which must not exist, while others go on writing.
   * @throws VantageError STORE_DAMAGED, DISK_FULL, DISK_FAILED, CANCELLED (the store is being closed); the signal's reason
   */
  snapshot(path: string, work?: SnapshotWork): Promise<Snapshot>;
  integrityCheck(): { readonly ok: boolean; readonly problems: string[] };
  /** What the store was opened for is open: see `StoreOptions.mayRefuse`. @throws VantageError DISK_FULL, DISK_FAILED, STORE_DAMAGED */
  settle(): void;
  /** Before `settle` it is the end of an opening that was refused: the file stays as it was. */
  close(): Promise<void>;
}
