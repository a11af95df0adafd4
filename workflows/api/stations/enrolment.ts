/** Enrolment: an administrator makes a code, a station shows it together with its key, once. */
import { createHash, randomBytes } from 'node:crypto';
import { calculateJwkThumbprint, importJWK, jwtVerify } from 'jose';
import type { z } from 'zod';
import type { EnrolResponse, StationPublicKey, enrolRequestSchema } from '../../../electron/contract/index.ts';
import { STATION_JWT_TYPES, VantageError, contractService, newId } from '../../../electron/contract/index.ts';
import type { Scope, Scoped } from '../../database/scope.ts';
import { enterScope, withScope } from '../../database/scope.ts';
import type { ApiParts } from '../parts.ts';
import { payloadKeysOf } from './payload-keys.ts';

/** Crockford's base 32: nothing that looks like something else. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const CODE_LENGTH = 16;

/** 80 random bits, as people read them: `XXXX-XXXX-XXXX-XXXX`. */
export function newEnrolmentCode(): string {
  const symbols = [...randomBytes(CODE_LENGTH)].map((byte) => ALPHABET[byte % ALPHABET.length] ?? '');
  return (symbols.join('').match(/.{4}/g) ?? []).join('-');
}

/** @param code with or without dashes */
export function hashOfCode(code: string): string {
  return createHash('sha256').update(code.replaceAll('-', '')).digest('hex');
}

/** @throws VantageError UPDATE_NEEDED or CLOUD_OLDER */
export function requireServedContract(version: string): void {
  const service = contractService(version);
  if (service !== 'served') throw new VantageError(service === 'station-too-old' ? 'UPDATE_NEEDED' : 'CLOUD_OLDER');
}

/**
 * Whether somebody holds the private half of this key: a JWT of type `proof` about the station and `jti`.
 *
 * @returns the key's RFC 7638 thumbprint, or null when the proof does not hold
 */
export async function proven(
  publicKey: StationPublicKey,
  proof: string,
  stationId: string,
  jti: (keyId: string) => string,
): Promise<string | null> {
  const keyId = await calculateJwkThumbprint(publicKey);
  try {
    const { payload } = await jwtVerify(proof, await importJWK(publicKey, 'EdDSA'), {
      algorithms: ['EdDSA'],
      typ: STATION_JWT_TYPES.proof,
      subject: stationId,
    });
    return payload.jti === jti(keyId) ? keyId : null;
  } catch {
    return null;
  }
}

/**
 * Takes a station in. The same code with the same key is answered the same again, so that a lost answer needs no new code. A station
 * of this clinic that comes with a new code gets its new key and place; the keys before are void.
 *
 * @throws VantageError ENROLMENT_REFUSED whatever is wrong with code, key or station: one answer, nothing to learn from it
 */
export async function enrol(parts: ApiParts, request: z.output<typeof enrolRequestSchema>): Promise<EnrolResponse> {
  requireServedContract(request.contractVersion);
  const codeHash = hashOfCode(request.code);
  const keyId = await proven(request.publicKey, request.proof, request.stationId, () => codeHash);
  if (keyId === null) throw new VantageError('ENROLMENT_REFUSED');
  const holder: Scope = {
    role: 'nobody',
    tenantId: null,
    locations: [],
    actor: `station:${request.stationId}`,
    enrolmentCode: codeHash,
  };
  return withScope(parts.database, holder, async (tx) => {
    const code = await tx
      .selectFrom('enrolment_codes')
      .selectAll()
      .where('code_sha256', '=', codeHash)
      .executeTakeFirst();
    if (code === undefined) throw new VantageError('ENROLMENT_REFUSED');
    // Every location: a station may come from another one of the same clinic.
    await enterScope(tx, { ...holder, role: 'enrolment', tenantId: code.tenant_id, locations: '*' });
    const locked = await tx
      .selectFrom('enrolment_codes')
      .selectAll()
      .where('id', '=', code.id)
      .forUpdate()
      .executeTakeFirstOrThrow();
    if (locked.used_at === null) {
      if (locked.expires_at <= parts.now()) throw new VantageError('ENROLMENT_REFUSED');
      await takeIn(tx, parts, request, { tenantId: code.tenant_id, locationId: code.location_id, keyId });
      await tx
        .updateTable('enrolment_codes')
        .set({ used_at: parts.now(), used_by_station: request.stationId, used_with_key: keyId })
        .where('id', '=', code.id)
        .execute();
    } else if (locked.used_by_station !== request.stationId || locked.used_with_key !== keyId) {
      throw new VantageError('ENROLMENT_REFUSED');
    }
    const answer = await answerOf(tx, code.tenant_id, code.location_id, request.stationId, keyId);
    return { ...answer, payloadKeys: payloadKeysOf(parts.workflowKeys, code.tenant_id) };
  });
}

async function takeIn(
  tx: Scoped,
  parts: ApiParts,
  request: z.output<typeof enrolRequestSchema>,
  place: { readonly tenantId: string; readonly locationId: string; readonly keyId: string },
): Promise<void> {
  const { stationId } = request;
  const now = parts.now();
  const record = {
    location_id: place.locationId,
    name: request.stationName,
    state: 'active' as const,
    contract_version: request.contractVersion,
    enrolled_at: now,
  };
  const updated = await tx.updateTable('stations').set(record).where('id', '=', stationId).executeTakeFirst();
  if (updated.numUpdatedRows === 0n) {
    const inserted = await tx
      .insertInto('stations')
      .values({ id: stationId, tenant_id: place.tenantId, last_seen_at: null, ...record })
      .onConflict((conflict) => conflict.doNothing())
      .executeTakeFirst();
    // It belongs to another clinic.
    if (inserted.numInsertedOrUpdatedRows === 0n) throw new VantageError('ENROLMENT_REFUSED');
  }
  await tx
    .updateTable('station_keys')
    .set({ state: 'revoked', location_id: place.locationId })
    .where('station_id', '=', stationId)
    .execute();
  const key = {
    state: 'active' as const,
    location_id: place.locationId,
    public_key: JSON.stringify(request.publicKey),
    created_at: now,
  };
  await tx
    .insertInto('station_keys')
    .values({ station_id: stationId, key_id: place.keyId, tenant_id: place.tenantId, ...key })
    .onConflict((conflict) => conflict.columns(['station_id', 'key_id']).doUpdateSet(key))
    .execute();
  await tx
    .insertInto('domain_events')
    .values({
      id: newId(),
      tenant_id: place.tenantId,
      location_id: place.locationId,
      type: 'StationEnrolled',
      subject_id: stationId,
      data: JSON.stringify({ keyId: place.keyId }),
      metadata: JSON.stringify({ actor: `station:${stationId}` }),
      occurred_at: now,
    })
    .execute();
}

async function answerOf(
  tx: Scoped,
  tenantId: string,
  locationId: string,
  stationId: string,
  keyId: string,
): Promise<Omit<EnrolResponse, 'payloadKeys'>> {
  const place = await tx
    .selectFrom('locations')
    .innerJoin('tenants', 'tenants.id', 'locations.tenant_id')
    .select(['tenants.name as tenantName', 'locations.name as locationName'])
    .where('locations.tenant_id', '=', tenantId)
    .where('locations.id', '=', locationId)
    .executeTakeFirstOrThrow();
  return { tenantId, locationId, stationId, keyId, ...place };
}
