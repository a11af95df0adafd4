/** The key by which the cloud knows this station (Ed25519), and the three JWTs that it signs. */
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { SignJWT, calculateJwkThumbprint } from 'jose';
import type { StationPublicKey } from '../../contract/index.ts';
import { STATION_JWT_TYPES, stationPublicKeySchema } from '../../contract/index.ts';

export interface StationKey {
  readonly privateKey: KeyObject;
  readonly publicKey: StationPublicKey;
}

/** @param pem PKCS #8, of an Ed25519 key */
export function stationKeyOf(pem: string): StationKey {
  const privateKey = createPrivateKey(pem);
  const { kty, crv, x } = createPublicKey(privateKey).export({ format: 'jwk' });
  return { privateKey, publicKey: stationPublicKeySchema.parse({ kty, crv, x }) };
}

/** A new private key: PKCS #8, PEM. */
export function newKeyPem(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** RFC 7638. */
export async function keyIdOf(key: StationKey): Promise<string> {
  return calculateJwkThumbprint(key.publicKey);
}

/** Shows that we hold the private half. @param jti the code's SHA-256 (enrolment) or the key's thumbprint (rotation) */
export async function keyProof(key: StationKey, stationId: string, jti: string): Promise<string> {
  return new SignJWT({ jti })
    .setProtectedHeader({ alg: 'EdDSA', typ: STATION_JWT_TYPES.proof })
    .setSubject(stationId)
    .sign(key.privateKey);
}

/** The answer to a challenge. It carries no time: no clock of the station takes part. */
export async function assertionOf(key: StationKey, stationId: string, challenge: string): Promise<string> {
  return new SignJWT({ challenge })
    .setProtectedHeader({ alg: 'EdDSA', typ: STATION_JWT_TYPES.assertion, kid: await keyIdOf(key) })
    .setSubject(stationId)
    .sign(key.privateKey);
}

/** What stands for an enrolment code outside of the request that carries it. @param code as `enrolmentCodeSchema` reads it */
export function hashOfCode(code: string): string {
  return createHash('sha256').update(code).digest('hex');
}
