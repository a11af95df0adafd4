/**
 * The encrypted file as bytes, read beside SQLite. Closing any descriptor of a file gives up all POSIX locks that the process holds on
 * it, SQLite's too: so this one stays open until SQLite has closed the file.
 */
import { closeSync, openSync, readSync } from 'node:fs';

const SALT_BYTES = 16;

export class StoreFile {
  readonly #path: string;
  #descriptor: number | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  /** Opened once, for reading. */
  get descriptor(): number {
    this.#descriptor ??= openSync(this.#path, 'r');
    return this.#descriptor;
  }

  /** The first 16 bytes, hex; zeros where the file is not as long yet. */
  salt(): string {
    const bytes = Buffer.alloc(SALT_BYTES);
    readSync(this.descriptor, bytes, 0, SALT_BYTES, 0);
    return bytes.toString('hex');
  }

  /** Only after SQLite has closed the file. */
  close(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }
}
