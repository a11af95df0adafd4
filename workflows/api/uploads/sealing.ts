/**
 * How bytes are sealed at rest: AES-256-GCM, each message under a random nonce of 96 bits, bound to what it is and where it belongs.
 *
 *   version (1 byte, 1) | nonce (12) | ciphertext | tag (16)
 *
 * Keys hang below each other: master key (configured) -> tenant's key -> file's key -> segments. A file's key seals some thousand
 * segments at most, far below the 2^32 messages at which random nonces become a risk (NIST SP 800-38D, 8.3).
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
export const KEY_BYTES = 32;
/** What sealing adds. */
export const SEAL_BYTES = 1 + NONCE_BYTES + TAG_BYTES;

/** It does not open: changed, cut, moved from elsewhere, or sealed under another key. */
export class SealBrokenError extends Error {
  override readonly name = 'SealBrokenError';
}

/** @param context what the bytes are and whose; they open only under the same */
export function seal(key: Uint8Array, context: string, plain: Uint8Array): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(Buffer.from(context));
  const body = cipher.update(plain);
  return Buffer.concat([Uint8Array.of(VERSION), nonce, body, cipher.final(), cipher.getAuthTag()]);
}

/** @throws SealBrokenError */
export function unseal(key: Uint8Array, context: string, sealed: Uint8Array): Buffer {
  if (sealed.length < SEAL_BYTES || sealed[0] !== VERSION) throw new SealBrokenError('not a sealed message');
  const nonce = sealed.subarray(1, 1 + NONCE_BYTES);
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(context));
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  try {
    const body = decipher.update(sealed.subarray(1 + NONCE_BYTES, sealed.length - TAG_BYTES));
    return Buffer.concat([body, decipher.final()]);
  } catch (error) {
    throw new SealBrokenError('it does not authenticate', { cause: error });
  }
}

/** Where a segment belongs: one that was moved to another place or file does not open there. */
export function segmentContext(fileId: string, start: number): string {
  return `vantage-segment:${fileId}:${start}`;
}
