/**
 * The log that a killed station left beside the file, while a clinic is opened over it. SQLite folds a log into the file when its last
 * connection closes: an opening that comes upon damage late, and refuses, would have changed both. So nothing is written back before
 * the opening is over, and one that refuses lets go of the file while a second connection, which only reads, still has it.
 */
import { rmSync, statSync, truncateSync } from 'node:fs';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { openCipherFile } from './cipher-file.ts';
import { AUTO_CHECKPOINT_PAGES } from './idle-fold.ts';

export interface HeldLogOptions {
  /** Of the file. */
  readonly path: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
  /** Whether the log's index lay there, too. */
  readonly hadIndex: boolean;
  /** Whether the log is damaged: what is read of it goes into the file at once when the opening is over. */
  readonly isDamaged: boolean;
}

export class HeldLog {
  readonly sqlite: Database;
  readonly #options: HeldLogOptions;
  /** Of the log, as it was found. */
  readonly #bytes: number;
  #isHeld = true;

  /** Opens the file for this process alone. @throws VantageError STORE_DAMAGED, DISK_FULL; SqliteError: the log is as it was */
  constructor(options: HeldLogOptions) {
    this.#options = options;
    const { path, key } = options;
    this.#bytes = logBytes(path);
    this.sqlite = openCipherFile(path, key, { keyIsRight: true, sharesIndex: true });
    this.sqlite.pragma('wal_autocheckpoint = 0');
  }

  /** The opening is over: from now on the log is written back as ever. @throws SqliteError */
  settle(): void {
    if (!this.#isHeld) return;
    // Frames that are not read would be taken for this log's again, behind those that are written next.
    if (this.#options.isDamaged) this.sqlite.pragma('wal_checkpoint(TRUNCATE)');
    this.sqlite.pragma(`wal_autocheckpoint = ${AUTO_CHECKPOINT_PAGES}`);
    this.#isHeld = false;
  }

  /**
   * Closes the file. Where the opening was not over, the file stays as it was and the log, too: what the opening wrote behind it goes.
   * @throws SqliteError where the log could not be held: it is closed, and folded
   */
  close(): void {
    if (!this.#isHeld) {
      this.sqlite.close();
      return;
    }
    this.#isHeld = false;
    const { path, key, hadIndex, isDamaged } = this.#options;
    let reader: Database | null = null;
    try {
      if (this.sqlite.inTransaction) this.sqlite.exec('ROLLBACK');
      // The end of a transaction gives up the lock that keeps others out.
      this.sqlite.exec('PRAGMA locking_mode = NORMAL; BEGIN IMMEDIATE; COMMIT');
      reader = openCipherFile(path, key, { readonly: true, keyIsRight: true });
      reader.exec('BEGIN; SELECT count(*) FROM sqlite_schema');
    } finally {
      this.sqlite.close();
      reader?.close();
      // Nobody was promised any of it. Behind a damaged log there is no such place: it was put aside before.
      if (!isDamaged && logBytes(path) > this.#bytes) truncateSync(`${path}-wal`, this.#bytes);
      if (!hadIndex) rmSync(`${path}-shm`, { force: true });
    }
  }
}

/** 0 where there is none. */
function logBytes(path: string): number {
  return statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0;
}
