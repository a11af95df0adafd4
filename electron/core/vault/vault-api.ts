/** What the rest of core sees of the vault. Types only. */
import type { Database } from 'better-sqlite3-multiple-ciphers';
import type { ReadGrant } from '../../../native/inference/inference-api.ts';
import type { WriteGrant } from '../../../native/supervisor/devices-api.ts';
import type { Log } from '../clinic-api.ts';
import type { ReserveFile } from '../reserve-file.ts';
import type { BlobRow } from './vault-rows.ts';
import type { SweepResult } from './vault-sweep.ts';

export interface VaultOptions {
  readonly directory: string;
  /** The store's own handle: tables of `store/migrations.ts`, so that a blob's row and the document naming it commit together. */
  readonly database: Database;
  /** 256 bits. Not kept; only keys derived from it are. */
  readonly masterKey: Uint8Array;
  readonly now: () => Date;
  readonly log: Log;
  /** Bytes that stay free (the reserve file among them); below, nothing new is granted. Default: the greater of 512 MiB and 1 % of the disk. */
  readonly reserveBytes?: number;
  /** Files that never got a name are removed by the sweep when they are older than this. Default one hour. */
  readonly orphanAgeMs?: number;
  /**
   * Files that had a name and that no row names are removed by the sweep when they are older than this. Default thirty days: after
   * an older copy of the database was put back, the pictures taken since must still be there when the newer one comes back.
   */
  readonly lostAgeMs?: number;
  /** Room that is held for what must be written all the same: part of the reserve, given up when the disk has nothing left. */
  readonly reserveFile?: Pick<ReserveFile, 'bytes' | 'isHeld' | 'release'>;
}

export interface PendingBlob {
  readonly pendingId: string;
  readonly grant: WriteGrant;
}

/** What a writer reported about the content that it wrote. */
export interface WrittenContent {
  readonly sha256: string;
  readonly size: number;
  readonly mediaType: string;
}

/** A blob whose bytes and name are durable and which only lacks its row. */
export interface PreparedBlob extends WrittenContent {
  readonly pendingId: string;
  readonly blobId: string;
  /** The file of an earlier copy of this content that does not open any more: this one takes its place. */
  readonly replacesFile: string | null;
}

/** A grant that was neither committed nor abandoned before the last stop. */
export interface RecoveredBlob {
  readonly pendingId: string;
  readonly subject: string | null;
  readonly grantedAt: string;
  /** `incomplete`: cut short, or its writer lives and is still at it. `absent`: nothing was written. */
  readonly state: 'complete' | 'incomplete' | 'absent';
  /** For `complete`: hash and size, read back just now; with a media type they go to `prepareCommit`. */
  readonly content: { readonly sha256: string; readonly size: number } | null;
}

export interface NameWatch {
  readonly named: ReadonlySet<string>;
  stop(): void;
}

export interface Vault {
  /**
   * Permission to write one blob. @param options `subject`: who it is for (a capture's id), so that recovery finds the way back;
   * `expectedBytes`: as far as known. @throws VantageError DISK_FULL, DISK_FAILED.
   */
  grantWrite(options?: { readonly subject?: string; readonly expectedBytes?: number }): Promise<PendingBlob>;
  /**
   * Checks that the file is whole and of the size reported, then makes its place and name durable. Safe to repeat.
   * @throws NOT_FOUND (grant unknown or settled), BLOB_DAMAGED (missing, cut, another size), DISK_FULL, DISK_FAILED.
   */
  prepareCommit(pendingId: string, content: WrittenContent): Promise<PreparedBlob>;
  /**
   * Makes it exist. Synchronous, to run inside the transaction of the document that names the blob. Content that is here already
   * keeps its first file and media type; the second file goes. @throws NOT_FOUND.
   */
  insertRow(prepared: PreparedBlob): BlobRow;
  /** Both, in a transaction of its own. */
  commit(pendingId: string, content: WrittenContent): Promise<BlobRow>;
  /** Writes bytes that core itself made (a report), up to `insertRow`. */
  prepareBytes(bytes: Uint8Array, mediaType: string, subject?: string): Promise<PreparedBlob>;
  /** Gives a grant back and removes what was written under it. Does nothing when it is settled or unknown. */
  abandon(pendingId: string): Promise<void>;
  /** Open grants, oldest first, each read back. For the start, before new grants are given. */
  recoverPending(): Promise<readonly RecoveredBlob[]>;
  /** Permission to read one blob. @throws NOT_FOUND, KEY_WRONG. */
  grantRead(blobId: string): ReadGrant;
  /** The blob with this content, if it is here. */
  find(sha256: string): BlobRow | null;
  has(sha256: string): boolean;
  stat(blobId: string): BlobRow | null;
  /**
   * Reads it all and compares the hash. @param paced is waited for after each piece (about 1 MiB) with its length; what it throws
   * ends the reading. @throws NOT_FOUND, BLOB_DAMAGED, DISK_FAILED.
   */
  verify(blobId: string, paced?: (bytes: number) => Promise<void>): Promise<void>;
  /** From now on notes which blobs come to be named by a document, until `stop`. For deciding what nothing names any more. */
  watchNames(): NameWatch;
  /**
   * Takes the rows away, and with them the keys: from the commit on nobody can read these blobs again. Synchronous, to run inside
   * the transaction of the documents that named them last. What was named since the watch began, or is being committed, stays.
   * The files go with `removeErased`.
   */
  eraseRows(blobIds: Iterable<string>, watch: NameWatch): readonly BlobRow[];
  /** Removes the files of erased rows; what a crash left is removed by the next sweep. */
  removeErased(): Promise<{ readonly files: number; readonly bytes: number }>;
  /**
   * Removes what nothing names, while the vault is in use; one at a time, a second call gets the first one's result.
   * @throws DISK_FAILED.
   */
  sweep(): Promise<SweepResult>;
  /** `reserveBytes` of the free ones are never granted. */
  space(): Promise<{ readonly freeBytes: number; readonly totalBytes: number; readonly reserveBytes: number }>;
  /** @throws DISK_FULL when fewer than `bytes` (default 0) are left above the reserve. */
  assertRoom(bytes?: number): Promise<void>;
  /** What the sweep at opening removed, and which blobs' files it missed. */
  readonly swept: SweepResult;
}
