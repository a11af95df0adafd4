/**
 * Whether a page of the encrypted file is as it was written, told without SQLite: a file can be looked through while it is in use, in
 * pieces, and a damaged page be named by its number.
 *
 * SQLCipher 4 with a raw key: each page of 4096 bytes ends in 16 bytes of initialisation vector and 64 of HMAC-SHA-512 over what is
 * before it and the page's number (4 bytes, little endian). The HMAC's key is PBKDF2-HMAC-SHA-512 of the file's key, 2 iterations, under
 * the file's salt with each byte XOR 0x3a (Zetetic, SQLCipher Design). SQLite3 Multiple Ciphers leaves the first 24 bytes out in page 1.
 * The content is AES-256-CBC under the file's key.
 */
import { createDecipheriv, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto';
import { KEY_BYTES } from './key-handling.ts';

export const PAGE_BYTES = 4096;
const MAC_BYTES = 64;
/** Holds the byte that is for locks only; nothing is ever written there. */
const LOCK_PAGE = 0x4000_0000 / PAGE_BYTES + 1;
const AES_BLOCK = 16;
/** What SQLite has of a page. */
const CONTENT_BYTES = PAGE_BYTES - AES_BLOCK - MAC_BYTES;
const MOST_LEAVES = CONTENT_BYTES / 4 - 2;
const FIRST_PAGE_START = 24;
const SALT_MASK = 0x3a;

/** `unwritten`: all zeros. SQLite leaves free pages so that it never wrote; no page in use reads as such (see {@link CipherPages.free}). */
export type PageState = 'whole' | 'unwritten' | 'damaged';

/** Pages that hold nothing: what follows the last one that is in use, and those on the list of free ones. */
export interface FreePages {
  readonly end: number;
  has(number: number): boolean;
}

export class CipherPages {
  readonly #key: Uint8Array;
  readonly #macKey: Buffer;

  /** @param key of the store, 32 bytes. @param salt the first 16 bytes of the file. */
  constructor(key: Uint8Array, salt: Uint8Array) {
    this.#key = key;
    this.#macKey = pbkdf2Sync(
      key,
      salt.map((byte) => byte ^ SALT_MASK),
      2,
      KEY_BYTES,
      'sha512',
    );
  }

  /** @param number from 1. @param page 4096 bytes. */
  stateOf(number: number, page: Uint8Array): PageState {
    const pageNumber = Buffer.alloc(4);
    pageNumber.writeUInt32LE(number);
    const end = PAGE_BYTES - MAC_BYTES;
    const mac = createHmac('sha512', this.#macKey)
      .update(page.subarray(number === 1 ? FIRST_PAGE_START : 0, end))
      .update(pageNumber)
      .digest();
    if (page.length === PAGE_BYTES && timingSafeEqual(mac, page.subarray(end))) return 'whole';
    return number > 1 && page.length === PAGE_BYTES && page.every((byte) => byte === 0) ? 'unwritten' : 'damaged';
  }
  /**
   * Follows the list of free pages through a file that has no log (SQLite, Database File Format, 1.5).
   * @param page reads one; null where the file has none.
   * @returns null where a page that it leads through is damaged: then nothing is known.
   */
  free(page: (number: number) => Uint8Array | null): FreePages | null {
    const first = this.#opened(1, page(1));
    if (first === null) return null;
    const end = first.readUInt32BE(28);
    const free = new Set<number>();
    for (let trunk = first.readUInt32BE(32); trunk !== 0;) {
      const plain = free.has(trunk) ? null : this.#opened(trunk, page(trunk));
      if (plain === null) return null;
      free.add(trunk);
      const leaves = Math.min(plain.readUInt32BE(4), MOST_LEAVES);
      for (let leaf = 0; leaf < leaves; leaf += 1) free.add(plain.readUInt32BE(8 + leaf * 4));
      trunk = plain.readUInt32BE(0);
    }
    return { end, has: (number) => number > end || number === LOCK_PAGE || free.has(number) };
  }

  /** Whether the page carries what SQLite wrote, or nothing that it needs. @param free of the same file; null: not known. */
  isSound(number: number, page: Uint8Array, free: FreePages | null): boolean {
    const state = this.stateOf(number, page);
    return state === 'whole' || (state === 'unwritten' && (free === null || free.has(number)));
  }

  /** The header of the first page, a trunk page of the list whole. */
  #opened(number: number, page: Uint8Array | null): Buffer | null {
    if (page === null || this.stateOf(number, page) !== 'whole') return null;
    const from = number === 1 ? FIRST_PAGE_START : 0;
    const until = number === 1 ? FIRST_PAGE_START + AES_BLOCK : CONTENT_BYTES;
    const decipher = createDecipheriv(
      'aes-256-cbc',
      this.#key,
      page.subarray(CONTENT_BYTES, CONTENT_BYTES + AES_BLOCK),
    );
    decipher.setAutoPadding(false);
    return Buffer.concat([Buffer.alloc(from), decipher.update(page.subarray(from, until)), decipher.final()]);
  }
}
