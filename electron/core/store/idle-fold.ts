/**
 * Writes the log back into the file while nobody waits. Left to SQLite, the commit that fills the log pays for all of it, some tens of
 * milliseconds once in about sixty; here a commit does so only where writes come without a pause.
 */
import type { Database } from 'better-sqlite3-multiple-ciphers';

/** Pages in the log at which a commit writes them back itself, however busy the clinic is. */
export const AUTO_CHECKPOINT_PAGES = 2000;
/** Fewer are not worth the two flushes of the disk. */
const WORTH_PAGES = 500;
/** Without a commit for so long nobody is in the middle of something. */
const PAUSE_MS = 100;

interface LogCount {
  /** 1: somebody stands in the way. */
  readonly busy: number;
  /** Pages in the log, and how many of them are in the file already. */
  readonly log: number;
  readonly checkpointed: number;
}

export class IdleFold {
  readonly #sqlite: Database;
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;

  /** @param sqlite in WAL mode; whoever opened it closes it, after `close`. */
  constructor(sqlite: Database) {
    this.#sqlite = sqlite;
  }

  /** Something was committed: the pause begins anew. */
  committed(): void {
    if (this.#isClosed) return;
    if (this.#timer === null) this.#timer = setTimeout(() => this.#fold(), PAUSE_MS).unref();
    else this.#timer.refresh();
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Leaves it to later commits where the log is held (an opening that may yet refuse, a copy that is being made) or cannot be written back. */
  #fold(): void {
    const sqlite = this.#sqlite;
    if (!sqlite.open || sqlite.inTransaction || sqlite.pragma('wal_autocheckpoint', { simple: true }) === 0) return;
    try {
      const [count] = sqlite.pragma('wal_checkpoint(NOOP)') as LogCount[];
      if (count !== undefined && count.log - count.checkpointed >= WORTH_PAGES)
        sqlite.pragma('wal_checkpoint(PASSIVE)');
    } catch {
      // A full or failing disk: the log has it all, durable, and the next commit says what is wrong.
    }
  }
}
