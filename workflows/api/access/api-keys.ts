/** The API's own Ed25519 keys: they sign challenges and the stations' tokens. The first signs; all of them are believed. */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { SignJWT, calculateJwkThumbprint, createLocalJWKSet, jwtVerify } from 'jose';
import type { JWK, JWTPayload } from 'jose';
import { VantageError } from '../../../electron/contract/index.ts';

export class ApiKeys {
  /** `iss` and `aud` of everything signed here: the API's public address. */
  readonly issuer: string;
  /** Public halves (RFC 7517), for whoever wants to check a token. */
  readonly publicKeys: readonly JWK[];
  readonly #keyId: string;
  readonly #signing: KeyObject;
  readonly #known: ReturnType<typeof createLocalJWKSet>;
  readonly #now: () => Date;

  private constructor(issuer: string, signing: KeyObject, publicKeys: readonly JWK[], now: () => Date) {
    this.issuer = issuer;
    this.publicKeys = publicKeys;
    this.#keyId = publicKeys[0]?.kid ?? '';
    this.#signing = signing;
    this.#known = createLocalJWKSet({ keys: [...publicKeys] });
    this.#now = now;
  }

  /**
   * @param pems one or more private keys (PKCS #8, PEM, one after the other), the signing one first
   * @throws Error when one is not an Ed25519 key
   */
  static async read(pems: string, issuer: string, now: () => Date): Promise<ApiKeys> {
    const blocks = pems.match(/-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----/g) ?? [];
    const keys = blocks.map((pem) => createPrivateKey(pem));
    const [signing] = keys;
    if (signing === undefined || keys.some((key) => key.asymmetricKeyType !== 'ed25519')) {
      throw new Error('the API needs an Ed25519 private key (PKCS #8, PEM)');
    }
    const publicKeys = await Promise.all(
      keys.map(async (key): Promise<JWK> => {
        const jwk = createPublicKey(key).export({ format: 'jwk' }) as JWK;
        return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: 'EdDSA', use: 'sig' };
      }),
    );
    return new ApiKeys(issuer, signing, publicKeys, now);
  }

  /** A JWT of one type about one station. */
  async sign(type: string, subject: string, claims: JWTPayload, lifeSeconds: number): Promise<string> {
    const seconds = Math.floor(this.#now().getTime() / 1000);
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'EdDSA', kid: this.#keyId, typ: type })
      .setIssuer(this.issuer)
      .setAudience(this.issuer)
      .setSubject(subject)
      .setIssuedAt(seconds)
      .setExpirationTime(seconds + lifeSeconds)
      .sign(this.#signing);
  }

  /** The claims of a JWT that was signed here. @throws VantageError NOT_SIGNED_IN for any other, or one that is too old. */
  async verify(type: string, token: string): Promise<JWTPayload & { readonly sub: string; readonly exp: number }> {
    try {
      const { payload } = await jwtVerify(token, this.#known, {
        algorithms: ['EdDSA'],
        typ: type,
        issuer: this.issuer,
        audience: this.issuer,
        currentDate: this.#now(),
        requiredClaims: ['sub', 'exp'],
      });
      return payload as JWTPayload & { sub: string; exp: number };
    } catch (error) {
      throw new VantageError('NOT_SIGNED_IN', '', { cause: error });
    }
  }
}
