/**
 * The format of an encrypted file in the vault, without any input or output.
 *
 *     header 48 bytes: magic "VNTGBLOB" | version 1 | cipher 1 | log2(chunk bytes) 1 | zero 5 | salt 32
 *     chunk  65,536 bytes of AES-256-GCM ciphertext | tag 16        any number of times, each full
 *     last   0 ... 65,536 bytes of ciphertext       | tag 16        exactly once; empty only if it is the only one
 *
 * Chunks follow the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizar: Online Authenticated-Encryption and its
 * Nonce-Reuse Misuse-Resistance, 2015): the nonce holds the chunk's index and whether it is the last, so that a chunk moved,
 * left out, repeated or added after the end does not authenticate. The file's key is derived from the blob's key with
 * the header as salt: opening a blob for writing twice never meets the same key and nonce, and no bit of the header can change.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { VantageError } from '../../contract/index.ts';

export const CHUNK_BYTES = 65_536;
const TAG_BYTES = 16;
export const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES;
export const HEADER_BYTES = 48;
export const KEY_BYTES = 32;

const MAGIC = Buffer.from('VNTGBLOB', 'latin1');
const FIXED = Buffer.concat([MAGIC, Buffer.from([1, 1, Math.log2(CHUNK_BYTES), 0, 0, 0, 0, 0])]);
const SALT_BYTES = HEADER_BYTES - FIXED.length;
/** The index has 32 bits in the nonce. */
const CHUNKS_MAXIMUM = 2 ** 32;

/** One open file: its header and the key that only this file has. */
export interface FileKey {
  readonly header: Buffer;
  readonly key: Buffer;
}

/** @param blobKey base64 of 256 bits. @returns a new header (fresh salt) and its key. */
export function newFileKey(blobKey: string): FileKey {
  return deriveFileKey(blobKey, Buffer.concat([FIXED, randomBytes(SALT_BYTES)]));
}

/** @throws VantageError BLOB_DAMAGED when the header is not one of this format's. */
export function fileKeyOf(blobKey: string, header: Buffer): FileKey {
  if (header.length !== HEADER_BYTES || !header.subarray(0, FIXED.length).equals(FIXED)) throw damaged('header');
  return deriveFileKey(blobKey, header);
}

/** @returns ciphertext and tag of the chunk at `index`. `plain` must be full unless it is the last. */
export function sealChunk(file: FileKey, index: number, last: boolean, plain: Uint8Array): readonly [Buffer, Buffer] {
  if (index >= CHUNKS_MAXIMUM) throw new RangeError('a blob cannot have more than 2^32 chunks');
  const cipher = createCipheriv('aes-256-gcm', file.key, nonce(index, last), { authTagLength: TAG_BYTES });
  cipher.setAAD(file.header);
  const sealed = cipher.update(plain);
  cipher.final();
  return [sealed, cipher.getAuthTag()];
}

/** @throws VantageError BLOB_DAMAGED unless `sealed` is exactly what was written as chunk `index`. */
export function openChunk(file: FileKey, index: number, last: boolean, sealed: Uint8Array): Buffer {
  if (sealed.length < TAG_BYTES) throw damaged(`chunk ${index} is cut`);
  const decipher = createDecipheriv('aes-256-gcm', file.key, nonce(index, last), { authTagLength: TAG_BYTES });
  decipher.setAAD(file.header);
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  const plain = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES));
  try {
    decipher.final();
  } catch {
    throw damaged(`chunk ${index} does not authenticate`);
  }
  return plain;
}

/** How many chunks and content bytes a file of this length holds. @throws BLOB_DAMAGED for a length that none can have. */
export function shapeOf(fileBytes: number): { readonly chunks: number; readonly size: number } {
  const body = fileBytes - HEADER_BYTES;
  if (body < TAG_BYTES) throw damaged('cut before the first chunk');
  const chunks = Math.ceil(body / SEALED_CHUNK_BYTES);
  const lastBytes = body - (chunks - 1) * SEALED_CHUNK_BYTES;
  if (lastBytes < TAG_BYTES || (lastBytes === TAG_BYTES && chunks > 1)) throw damaged('cut inside a chunk');
  return { chunks, size: body - chunks * TAG_BYTES };
}

/** How long the file of so many bytes of content is. */
export function fileBytesOf(size: number): number {
  return HEADER_BYTES + size + Math.max(1, Math.ceil(size / CHUNK_BYTES)) * TAG_BYTES;
}

/** Where the chunk at `index` begins in the file. */
export function chunkPosition(index: number): number {
  return HEADER_BYTES + index * SEALED_CHUNK_BYTES;
}

/** The one way to say that a stored file is not what was written. `detail` is technical, without names or paths. */
export function damaged(detail: string, cause?: unknown): VantageError {
  return new VantageError('BLOB_DAMAGED', detail, cause === undefined ? {} : { cause });
}

function deriveFileKey(blobKey: string, header: Buffer): FileKey {
  const key = Buffer.from(blobKey, 'base64');
  if (key.length !== KEY_BYTES) throw new VantageError('KEY_WRONG', 'a blob key must have 256 bits');
  return { header, key: Buffer.from(hkdfSync('sha256', key, header, 'vantage blob 1', KEY_BYTES)) };
}

/** 7 zero bytes (the key is this file's own) | index, 4 bytes | 1 for the last chunk. */
function nonce(index: number, last: boolean): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32BE(index, 7);
  bytes[11] = last ? 1 : 0;
  return bytes;
}
