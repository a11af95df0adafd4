/**
 * A station's token: it signs the API's challenge with its key and gets a token of a few minutes. No clock of the station takes
 * part, and an answer to a challenge is good once.
 */
import { decodeJwt, decodeProtectedHeader, importJWK, jwtVerify } from 'jose';
import { z } from 'zod';
import type { StationPublicKey, TokenResponse } from '../../../electron/contract/index.ts';
import { STATION_JWT_TYPES, VantageError, newId } from '../../../electron/contract/index.ts';
import type { Scope, Scoped } from '../../database/scope.ts';
import { enterScope, withScope } from '../../database/scope.ts';
import type { StationCaller } from '../access/callers.ts';
import type { ApiParts } from '../parts.ts';
import { proven, requireServedContract } from './enrolment.ts';
import { payloadKeyIdsOf } from './payload-keys.ts';

const CHALLENGE_SECONDS = 60;
export const TOKEN_SECONDS = 600;

/** Says nothing about whether the station is known. */
export async function challengeFor(parts: ApiParts, stationId: string): Promise<string> {
  return parts.access.keys.sign(STATION_JWT_TYPES.challenge, stationId, { jti: newId() }, CHALLENGE_SECONDS);
}

const claimsSchema = z.object({ sub: z.uuid(), challenge: z.string().max(2000) });

/**
 * @throws VantageError NOT_SIGNED_IN when the answer does not hold, STATION_REFUSED when the station or its key is not accepted,
 *   UPDATE_NEEDED or CLOUD_OLDER
 */
export async function tokenFor(parts: ApiParts, assertion: string, contractVersion: string): Promise<TokenResponse> {
  requireServedContract(contractVersion);
  const { stationId, keyId, nonce, expiresAt } = await readAssertion(parts, assertion);
  const self: Scope = {
    role: 'nobody',
    tenantId: null,
    locations: [],
    actor: `station:${stationId}`,
    stationId,
  };
  const place = await withScope(parts.database, self, async (tx) => {
    const key = await tx
      .selectFrom('station_keys')
      .innerJoin('stations', 'stations.id', 'station_keys.station_id')
      .select([
        'stations.tenant_id',
        'stations.location_id',
        'stations.state',
        'station_keys.state as keyState',
        'public_key',
      ])
      .where('stations.id', '=', stationId)
      .where('key_id', '=', keyId)
      .executeTakeFirst();
    if (key === undefined) throw new VantageError('STATION_REFUSED');
    await requireSignature(assertion, key.public_key);
    if (key.state !== 'active' || key.keyState === 'revoked' || key.keyState === 'retired') {
      throw new VantageError('STATION_REFUSED');
    }
    await spend(tx, parts, { stationId, nonce, expiresAt });
    await enterScope(tx, { ...self, role: 'station', tenantId: key.tenant_id, locations: [key.location_id] });
    if (key.keyState === 'next') await promote(tx, stationId, keyId);
    await tx
      .updateTable('stations')
      .set({ last_seen_at: parts.now(), contract_version: contractVersion })
      .where('id', '=', stationId)
      .execute();
    return { tenantId: key.tenant_id, locationId: key.location_id };
  });
  const claims = { ...place, keyId };
  const token = await parts.access.keys.sign(STATION_JWT_TYPES.access, stationId, claims, TOKEN_SECONDS);
  const payloadKeyIds = payloadKeyIdsOf(parts.workflowKeys);
  return { token, expiresInSeconds: TOKEN_SECONDS, ...place, payloadKeyIds };
}

/** What the assertion says, with the challenge in it made sure of; its own signature is checked once the key is found. */
async function readAssertion(parts: ApiParts, assertion: string) {
  try {
    const { sub, challenge } = claimsSchema.parse(decodeJwt(assertion));
    const { kid } = decodeProtectedHeader(assertion);
    const inner = await parts.access.keys.verify(STATION_JWT_TYPES.challenge, challenge);
    if (inner.sub !== sub) throw new VantageError('NOT_SIGNED_IN');
    return { stationId: sub, keyId: kid ?? '', nonce: z.uuid().parse(inner.jti), expiresAt: inner.exp };
  } catch (error) {
    throw new VantageError('NOT_SIGNED_IN', '', { cause: error });
  }
}

async function requireSignature(assertion: string, publicKey: StationPublicKey): Promise<void> {
  try {
    await jwtVerify(assertion, await importJWK(publicKey, 'EdDSA'), {
      algorithms: ['EdDSA'],
      typ: STATION_JWT_TYPES.assertion,
    });
  } catch (error) {
    throw new VantageError('NOT_SIGNED_IN', '', { cause: error });
  }
}

/** Notes that a challenge was answered, and forgets those that are too old to be answered anyway. */
async function spend(
  tx: Scoped,
  parts: ApiParts,
  answered: { readonly stationId: string; readonly nonce: string; readonly expiresAt: number },
): Promise<void> {
  await tx
    .deleteFrom('spent_challenges')
    .where('station_id', '=', answered.stationId)
    .where('expires_at', '<', parts.now())
    .execute();
  const spent = await tx
    .insertInto('spent_challenges')
    .values({
      nonce: answered.nonce,
      station_id: answered.stationId,
      expires_at: new Date(answered.expiresAt * 1000),
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  if (spent.numInsertedOrUpdatedRows === 0n) throw new VantageError('NOT_SIGNED_IN', 'answered before');
}

/** The station has shown that it has its new key: the one before is no longer good. */
async function promote(tx: Scoped, stationId: string, keyId: string): Promise<void> {
  await tx
    .updateTable('station_keys')
    .set({ state: 'retired' })
    .where('station_id', '=', stationId)
    .where('state', '=', 'active')
    .execute();
  await tx
    .updateTable('station_keys')
    .set({ state: 'active' })
    .where('station_id', '=', stationId)
    .where('key_id', '=', keyId)
    .execute();
}

/**
 * Takes notice of a station's next key. Sent again, the same; another one takes the place of a next key that was not used yet.
 *
 * @throws VantageError INPUT_INVALID when the proof does not hold or the key was used before
 */
export async function announceKey(
  tx: Scoped,
  parts: ApiParts,
  caller: StationCaller,
  publicKey: StationPublicKey,
  proof: string,
): Promise<string> {
  const keyId = await proven(publicKey, proof, caller.stationId, (thumbprint) => thumbprint);
  if (keyId === null) throw new VantageError('INPUT_INVALID', 'proof');
  const known = await tx
    .selectFrom('station_keys')
    .select('state')
    .where('station_id', '=', caller.stationId)
    .where('key_id', '=', keyId)
    .executeTakeFirst();
  if (known?.state === 'next') return keyId;
  if (known !== undefined) throw new VantageError('INPUT_INVALID', 'publicKey');
  await tx
    .updateTable('station_keys')
    .set({ state: 'revoked' })
    .where('station_id', '=', caller.stationId)
    .where('state', '=', 'next')
    .execute();
  await tx
    .insertInto('station_keys')
    .values({
      station_id: caller.stationId,
      key_id: keyId,
      tenant_id: caller.tenantId,
      location_id: caller.locationId,
      public_key: JSON.stringify(publicKey),
      state: 'next',
      created_at: parts.now(),
    })
    .execute();
  return keyId;
}
