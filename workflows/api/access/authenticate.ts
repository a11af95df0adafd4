/** From the Authorization header to a caller. Which kind of token it is, its issuer says; each kind is then checked by its own rules. */
import { decodeJwt } from 'jose';
import { z } from 'zod';
import { STATION_JWT_TYPES, VantageError } from '../../../electron/contract/index.ts';
import type { ApiKeys } from './api-keys.ts';
import type { Caller, StationCaller, Who } from './callers.ts';
import type { People } from './people.ts';
import { SERVICE_ISSUER, verifyServiceToken } from './service-tokens.ts';

export interface Access {
  readonly keys: ApiKeys;
  readonly people: People;
  /** What activities sign with. */
  readonly serviceSecret: Uint8Array;
  readonly now: () => Date;
}

export const stationClaimsSchema = z.object({
  sub: z.uuid(),
  exp: z.number(),
  tenantId: z.uuid(),
  locationId: z.uuid(),
  keyId: z.string(),
});

/**
 * @param who what the route lets in
 * @throws VantageError NOT_SIGNED_IN for no or a bad token, NOT_ALLOWED for a good one of somebody else
 */
export async function authenticate(access: Access, header: string | undefined, who: readonly Who[]): Promise<Caller> {
  if (who.includes('anyone')) return { kind: 'anyone' };
  const token = /^Bearer ([\w.~+/=-]+)$/i.exec(header ?? '')?.[1];
  if (token === undefined) throw new VantageError('NOT_SIGNED_IN');
  switch (issuerOf(token)) {
    case access.keys.issuer: {
      const station = await stationOf(access.keys, token);
      if (!who.includes('station')) throw new VantageError('NOT_ALLOWED');
      return station;
    }
    case SERVICE_ISSUER: {
      const service = await verifyServiceToken(token, access.serviceSecret, access.keys.issuer, access.now());
      if (!who.includes('service')) throw new VantageError('NOT_ALLOWED');
      return service;
    }
    case access.people.provider.issuer:
      return access.people.caller(token, who);
    default:
      throw new VantageError('NOT_SIGNED_IN');
  }
}

async function stationOf(keys: ApiKeys, token: string): Promise<StationCaller> {
  const claims = stationClaimsSchema.parse(await keys.verify(STATION_JWT_TYPES.access, token));
  const { tenantId, locationId, keyId } = claims;
  return { kind: 'station', tenantId, locationId, stationId: claims.sub, keyId, expiresAt: claims.exp };
}

function issuerOf(token: string): string | null {
  try {
    return decodeJwt(token).iss ?? null;
  } catch {
    return null;
  }
}
