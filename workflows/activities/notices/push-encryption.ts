/** A push message for one browser alone: RFC 8291 over RFC 8188 (`aes128gcm`), one record. */
import { createCipheriv, createECDH, hkdfSync, randomBytes } from 'node:crypto';

const CURVE = 'prime256v1';
const SALT_BYTES = 16;
const KEY_BYTES = 16;
const NONCE_BYTES = 12;
const SECRET_BYTES = 32;
const POINT_BYTES = 65;
/** Says how long records are; there is one. */
const RECORD_BYTES = 4096;
/** Of the last record (RFC 8188, 2). */
const LAST = Buffer.from([2]);

export interface BrowserKeys {
  /** base64url: an uncompressed point, and 16 bytes. */
  readonly p256dh: string;
  readonly auth: string;
}

/** Random for each message; given only where a published example is made again. */
export interface SenderPart {
  /** Private key of 32 bytes. */
  readonly key: Uint8Array;
  readonly salt: Uint8Array;
}

/** @returns the body of the request @throws Error when the keys are none */
export function encryptPush(plain: Uint8Array, browser: BrowserKeys, sender?: SenderPart): Buffer {
  const theirs = Buffer.from(browser.p256dh, 'base64url');
  const auth = Buffer.from(browser.auth, 'base64url');
  if (theirs.length !== POINT_BYTES || auth.length !== SALT_BYTES) throw new Error('these are no keys of a browser');
  const own = createECDH(CURVE);
  if (sender === undefined) own.generateKeys();
  else own.setPrivateKey(Buffer.from(sender.key));
  const salt = Buffer.from(sender?.salt ?? randomBytes(SALT_BYTES));
  const point = own.getPublicKey();
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), theirs, point]);
  const secret = Buffer.from(hkdfSync('sha256', own.computeSecret(theirs), auth, info, SECRET_BYTES));
  const key = Buffer.from(hkdfSync('sha256', secret, salt, 'Content-Encoding: aes128gcm\0', KEY_BYTES));
  const nonce = Buffer.from(hkdfSync('sha256', secret, salt, 'Content-Encoding: nonce\0', NONCE_BYTES));
  const cipher = createCipheriv('aes-128-gcm', key, nonce);
  const sealed = [cipher.update(plain), cipher.update(LAST), cipher.final(), cipher.getAuthTag()];
  const length = Buffer.alloc(4);
  length.writeUInt32BE(RECORD_BYTES);
  return Buffer.concat([salt, length, Buffer.from([point.length]), point, ...sealed]);
}
