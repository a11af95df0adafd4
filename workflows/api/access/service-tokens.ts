/** Activities sign a token of a minute for each call (HS256) with a secret that they share with the API; it names the tenant. */
import { SignJWT, jwtVerify } from 'jose';
import { z } from 'zod';
import { VantageError } from '../../../electron/contract/index.ts';
import type { ServiceCaller } from './callers.ts';

/** `iss` of what activities sign. */
export const SERVICE_ISSUER = 'vantage-activities';
const TYPE = 'vantage-service+jwt';
const LIFE_SECONDS = 60;
const CLOCK_TOLERANCE_SECONDS = 30;

/** @param secret at least 32 bytes */
export async function signServiceToken(
  secret: Uint8Array,
  audience: string,
  tenantId: string,
  now: Date,
): Promise<string> {
  const seconds = Math.floor(now.getTime() / 1000);
  return new SignJWT({ tenantId })
    .setProtectedHeader({ alg: 'HS256', typ: TYPE })
    .setIssuer(SERVICE_ISSUER)
    .setAudience(audience)
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + LIFE_SECONDS)
    .sign(secret);
}

/** @throws VantageError NOT_SIGNED_IN */
export async function verifyServiceToken(
  token: string,
  secret: Uint8Array,
  audience: string,
  now: Date,
): Promise<ServiceCaller> {
  try {
    const { payload } = await jwtVerify(token, secret, {
      algorithms: ['HS256'],
      typ: TYPE,
      issuer: SERVICE_ISSUER,
      audience,
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: now,
      maxTokenAge: 2 * LIFE_SECONDS,
      requiredClaims: ['exp', 'iat'],
    });
    return { kind: 'service', tenantId: z.uuid().parse(payload['tenantId']) };
  } catch (error) {
    throw new VantageError('NOT_SIGNED_IN', '', { cause: error });
  }
}
