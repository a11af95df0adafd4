/**
 * A copy of the encrypted file as it is at one instant, made while the clinic goes on writing. SQLite's own backup refuses to copy an
 * encrypted file into one that it can't give a key, and `VACUUM INTO` keeps everybody waiting until it is done. But in WAL mode the
 * file itself only changes when the log is written back into it: that is done once, then put off, and so the bytes of the file stand
 * still while they are copied piece by piece. Each page is checked on its way.
 */
import { fstatSync, read, readSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { VantageError } from '../../contract/index.ts';
import { headsOf } from './anchor.ts';
import type { StoreHeads } from './anchor.ts';
import { CipherPages, PAGE_BYTES } from './cipher-pages.ts';
import { AUTO_CHECKPOINT_PAGES } from './idle-fold.ts';
import type { StoreFile } from './store-file.ts';
import { codeOf, storeProblem } from './store-problem.ts';

const readBytes = promisify(read);

/** What is copied before the event loop gets its turn: some milliseconds of checking. */
const PIECE_PAGES = 64;
/** The page that holds this byte is for locks only; Windows may refuse to read it. */
const LOCK_BYTE = 0x4000_0000;
const ATTEMPTS = 3;
const NOTHING = new Uint8Array(0);

export interface SnapshotWork {
  /** Stops it; the copy is removed. */
  readonly signal?: AbortSignal;
  /** Bytes. */
  readonly progress?: (done: number, total: number) => void;
}

export interface Snapshot {
  /** How far the store had come at the instant that the copy shows. */
  readonly heads: StoreHeads;
  readonly bytes: number;
}

/** What a look at some pages has shown. */
export interface PageCheck {
  /** How many the file has now. */
  readonly pages: number;
  /** Numbers of those that are not as they were written. */
  readonly damaged: readonly number[];
}

export class Snapshots {
  readonly #sqlite: Database;
  readonly #file: StoreFile;
  readonly #key: Uint8Array;
  #running: Promise<unknown> | null = null;
  #seals: CipherPages | null = null;
  readonly #closing = new AbortController();

  /** @param key of the store, 32 bytes. */
  constructor(sqlite: Database, file: StoreFile, key: Uint8Array) {
    this.#sqlite = sqlite;
    this.#file = file;
    this.#key = key;
  }

  /**
   * Copies the store to `path`, which must not exist; its key is the store's.
   * @throws VantageError STORE_DAMAGED with the number of the first page that is not as it was written, DISK_FULL, DISK_FAILED;
   * the signal's reason. Nothing is left at `path` then.
   */
  async copyTo(path: string, work: SnapshotWork = {}): Promise<Snapshot> {
    if (this.#running !== null) throw new VantageError('INTERNAL', 'a copy of the store is being made already');
    const running = this.#copy(path, work);
    this.#running = running.catch(() => undefined);
    try {
      return await running;
    } finally {
      this.#running = null;
    }
  }

  /**
   * Looks at some pages of the file as it lies on the disk. Synchronous: SQLite writes in this thread, so no page is read half written.
   * @param from number of the first, from 1.
   */
  checkPages(from: number, count: number): PageCheck {
    const { descriptor } = this.#file;
    const pages = Math.floor(fstatSync(descriptor).size / PAGE_BYTES);
    const seals = (this.#seals ??= new CipherPages(this.#key, Buffer.from(this.#file.salt(), 'hex')));
    const page = (number: number): Buffer | null => readablePage(descriptor, number);
    const numbers = Array.from(
      { length: Math.max(0, Math.min(count, pages - from + 1)) },
      (_none, index) => from + index,
    );
    const suspects = numbers.filter((number) => seals.stateOf(number, page(number) ?? NOTHING) !== 'whole');
    // While a copy is made the file stands still, and every page of it is looked at by that.
    if (suspects.length === 0 || this.#running !== null) return { pages, damaged: [] };
    // What the log has of a page anew takes its place; and the list of free pages is the file's only then.
    this.#sqlite.pragma('wal_checkpoint(PASSIVE)');
    const free = seals.free(page);
    return { pages, damaged: suspects.filter((number) => !seals.isSound(number, page(number) ?? NOTHING, free)) };
  }

  /** Stops a copy that is being made, before the store is closed. */
  async close(): Promise<void> {
    this.#closing.abort(new VantageError('CANCELLED', 'the store is being closed'));
    await this.#running;
  }

  async #copy(path: string, work: SnapshotWork): Promise<Snapshot> {
    const target = await open(path, 'wx', 0o600);
    try {
      for (let attempt = 1; ; attempt += 1) {
        const snapshot = await this.#attempt(target, work);
        if (snapshot !== null) return snapshot;
        if (attempt === ATTEMPTS) throw new VantageError('INTERNAL', 'the file changed while it was copied');
        await target.truncate(0);
      }
    } catch (error) {
      await rm(path, { force: true });
      throw storeProblem(error);
    } finally {
      await target.close();
    }
  }

  /** @returns null where somebody wrote the log back meanwhile. */
  async #attempt(target: FileHandle, work: SnapshotWork): Promise<Snapshot | null> {
    this.#sqlite.pragma('wal_autocheckpoint = 0');
    try {
      const [result] = this.#sqlite.pragma('wal_checkpoint(TRUNCATE)') as { busy: number; log: number }[];
      // A statement that is being read from; there is none between two turns of the event loop.
      if (result?.busy !== 0) return null;
      const heads = headsOf(this.#sqlite);
      const { descriptor } = this.#file;
      const before = fstatSync(descriptor, { bigint: true });
      const bytes = Number(before.size);
      await this.#copyPages(descriptor, target, bytes, work);
      const after = fstatSync(descriptor, { bigint: true });
      if (after.mtimeNs !== before.mtimeNs || after.size !== before.size) return null;
      await target.sync();
      return { heads, bytes };
    } finally {
      if (this.#sqlite.open) this.#sqlite.pragma(`wal_autocheckpoint = ${AUTO_CHECKPOINT_PAGES}`);
    }
  }

  async #copyPages(descriptor: number, target: FileHandle, bytes: number, work: SnapshotWork): Promise<void> {
    const pages = new CipherPages(this.#key, Buffer.from(this.#file.salt(), 'hex'));
    const free = pages.free((number) => pageOf(descriptor, number));
    const piece = Buffer.alloc(PIECE_PAGES * PAGE_BYTES);
    for (let at = 0; at < bytes; at += piece.length) {
      this.#closing.signal.throwIfAborted();
      work.signal?.throwIfAborted();
      const length = Math.min(piece.length, bytes - at);
      // Pieces end where the lock page begins, since both are powers of two.
      if (at === LOCK_BYTE) await readPages(descriptor, piece, PAGE_BYTES, length - PAGE_BYTES, at + PAGE_BYTES);
      else await readPages(descriptor, piece, 0, length, at);
      for (let offset = 0; offset < length; offset += PAGE_BYTES) {
        const number = (at + offset) / PAGE_BYTES + 1;
        if (at + offset === LOCK_BYTE) piece.fill(0, offset, offset + PAGE_BYTES);
        else if (!pages.isSound(number, piece.subarray(offset, offset + PAGE_BYTES), free))
          throw new VantageError('STORE_DAMAGED', `page ${number} is not as it was written`);
      }
      await target.write(piece, 0, length, at);
      work.progress?.(at + length, bytes);
    }
  }
}

/** @returns null behind the end, and where the disk can't read it. */
function readablePage(descriptor: number, number: number): Buffer | null {
  try {
    return pageOf(descriptor, number);
  } catch (error) {
    if (codeOf(error) === 'EIO') return null;
    throw error;
  }
}

/** @returns null behind the end. */
export function pageOf(descriptor: number, number: number): Buffer | null {
  const page = Buffer.alloc(PAGE_BYTES);
  return readSync(descriptor, page, 0, PAGE_BYTES, (number - 1) * PAGE_BYTES) === PAGE_BYTES ? page : null;
}

async function readPages(descriptor: number, piece: Buffer, offset: number, length: number, at: number): Promise<void> {
  const { bytesRead } = await readBytes(descriptor, piece, offset, length, at);
  if (bytesRead !== length) throw new VantageError('STORE_DAMAGED', 'the file is shorter than it was');
}
