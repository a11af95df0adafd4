/**
 * Whether a page of the encrypted file is as it was written, told without SQLite: a file can be looked through while it is in use, in
 * pieces, and a damaged page be named by its number.
 *
 * SQLCipher 4 with a raw key: each page of 4096 bytes ends in 16 bytes of initialisation vector and 64 of HMAC-SHA-512 over what is
 * before it and the page's number (4 bytes, little endian). The HMAC's key is PBKDF2-HMAC-SHA-512 of the file's key, 2 iterations, under
 * the file's salt with each byte XOR 0x3a (Zetetic, SQLCipher Design). SQLite3 Multiple Ciphers leaves the first 24 bytes out in page 1.
 */
import { createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto';
import { KEY_BYTES } from './key-handling.ts';

export const PAGE_BYTES = 4096;
const MAC_BYTES = 64;
const FIRST_PAGE_START = 24;
const SALT_MASK = 0x3a;

/** `unwritten`: all zeros. SQLite leaves free pages so that it never wrote; no page in use reads as such. */
export type PageState = 'whole' | 'unwritten' | 'damaged';

export class CipherPages {
  readonly #macKey: Buffer;

  /** @param key of the store, 32 bytes. @param salt the first 16 bytes of the file. */
  constructor(key: Uint8Array, salt: Uint8Array) {
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
    return number > 1 && page.every((byte) => byte === 0) ? 'unwritten' : 'damaged';
  }
}
