/** The station's signature (Ed25519, RFC 8032) over statements of the audit trail, and its verification by anybody. */
import { createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { canonical } from '../../contract/index.ts';

export interface Signer {
  /** DER (SubjectPublicKeyInfo, RFC 8410), base64. */
  readonly publicKey: string;
  /** SHA-256, hex, over the public key's DER: what people compare. */
  readonly keyId: string;
  /** @param statement JSON; signed is its canonical form in UTF-8. @returns base64. */
  sign(statement: object): string;
}

/** @param privateKeyPem PKCS #8, of an Ed25519 key. */
export function signerOf(privateKeyPem: string): Signer {
  const privateKey = createPrivateKey(privateKeyPem);
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' }).toString('base64');
  return {
    publicKey,
    keyId: keyIdOf(publicKey),
    sign: (statement) => sign(null, Buffer.from(canonical(statement)), privateKey).toString('base64'),
  };
}

/** The key's SHA-256. @param publicKey DER, base64. */
export function keyIdOf(publicKey: string): string {
  return createHash('sha256').update(Buffer.from(publicKey, 'base64')).digest('hex');
}

/** Whether the holder of the key signed exactly this; false also for what is no key or no signature. */
export function isSignedBy(publicKey: string, statement: object, signature: string): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), type: 'spki', format: 'der' });
    if (key.asymmetricKeyType !== 'ed25519') return false;
    return verify(null, Buffer.from(canonical(statement)), key, Buffer.from(signature, 'base64'));
  } catch {
    return false;
  }
}
