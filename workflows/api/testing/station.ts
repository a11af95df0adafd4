/** A station as the API meets it: an id, a key, and HTTP. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { SignJWT, calculateJwkThumbprint } from 'jose';
import type { EnrolRequest, StationPublicKey, TokenResponse } from '../../../electron/contract/index.ts';
import { CLOUD_PATHS, CONTRACT_VERSION, STATION_JWT_TYPES, newId } from '../../../electron/contract/index.ts';
import { hashOfCode } from '../stations/enrolment.ts';

export interface Answer {
  readonly status: number;
  // What the API sent, as it came.
  readonly body: Readonly<Record<string, unknown>>;
}

/** POST with JSON, or GET without. @param address where it says that it comes from, as a proxy would */
export async function call(
  base: string,
  path: string,
  token: string | null,
  body?: unknown,
  address = '192.0.2.1',
): Promise<Answer> {
  const response = await fetch(`${base}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      'x-forwarded-for': address,
      ...(token !== null && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

export interface StationKey {
  readonly privateKey: KeyObject;
  readonly publicKey: StationPublicKey;
  readonly keyId: string;
}

export async function newStationKey(): Promise<StationKey> {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const { x } = publicKey.export({ format: 'jwk' });
  const jwk: StationPublicKey = { kty: 'OKP', crv: 'Ed25519', x: x ?? '' };
  return { privateKey, publicKey: jwk, keyId: await calculateJwkThumbprint(jwk) };
}

export class TestStation {
  readonly stationId: string;
  key: StationKey;
  token = '';
  /** Each has its own: limits count by address. */
  readonly address = `198.51.${randomBytes(1)[0]}.${randomBytes(1)[0]}`;
  readonly #base: string;

  private constructor(base: string, stationId: string, key: StationKey) {
    this.#base = base;
    this.stationId = stationId;
    this.key = key;
  }

  static async create(base: string, stationId: string = newId()): Promise<TestStation> {
    return new TestStation(base, stationId, await newStationKey());
  }

  async proof(jti: string, key = this.key, subject = this.stationId): Promise<string> {
    return new SignJWT({ jti })
      .setProtectedHeader({ alg: 'EdDSA', typ: STATION_JWT_TYPES.proof })
      .setSubject(subject)
      .sign(key.privateKey);
  }

  async enrolRequest(code: string): Promise<EnrolRequest> {
    return {
      contractVersion: CONTRACT_VERSION,
      code,
      stationId: this.stationId,
      stationName: 'Station',
      publicKey: this.key.publicKey,
      proof: await this.proof(hashOfCode(code)),
    };
  }

  async enrol(code: string): Promise<Answer> {
    return call(this.#base, CLOUD_PATHS.enrol, null, await this.enrolRequest(code), this.address);
  }

  async challenge(): Promise<string> {
    const { body } = await call(this.#base, CLOUD_PATHS.challenge, null, { stationId: this.stationId }, this.address);
    return String(body['challenge']);
  }

  async assertion(challenge: string, key = this.key): Promise<string> {
    return new SignJWT({ challenge })
      .setProtectedHeader({ alg: 'EdDSA', typ: STATION_JWT_TYPES.assertion, kid: key.keyId })
      .setSubject(this.stationId)
      .sign(key.privateKey);
  }

  /** Gets a token and keeps it. */
  async signIn(key = this.key, contractVersion = CONTRACT_VERSION): Promise<Answer> {
    const assertion = await this.assertion(await this.challenge(), key);
    const answer = await call(this.#base, CLOUD_PATHS.token, null, { contractVersion, assertion }, this.address);
    if (answer.status === 200) this.token = (answer.body as unknown as TokenResponse).token;
    return answer;
  }

  async call(path: string, body?: unknown): Promise<Answer> {
    return call(this.#base, path, this.token, body, this.address);
  }
}
