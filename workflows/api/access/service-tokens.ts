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
const MS_PER_SECOND = 1000;

/** @param secret at least 32 bytes */
export async function signServiceToken(
  secret: Uint8Array,
  audience: string,
  tenantId: string,
  now: Date,
): Promise<string> {
  const seconds = Math.floor(now.getTime() / MS_PER_SECOND);
  return new SignJWT({ tenantId })
    .setProtectedHeader({ alg: 'HS256', typ: TYPE })
    .setIssuer(SERVICE_ISSUER)
    .setAudience(audience)
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + LIFE_SECONDS)
    .sign(secret);
}

interface Verified {
  readonly caller: ServiceCaller;
  /** When it was looked at, and until when it need not be again, in ms since 1970. */
  readonly from: number;
  readonly until: number;
}

/** By secret, and by audience and token: activities use one for some seconds, and what it says does not change. */
const verified = new WeakMap<Uint8Array, Map<string, Verified>>();
/** Tokens that are kept of a secret. */
const MOST_VERIFIED = 1000;

/** @throws VantageError NOT_SIGNED_IN */
export async function verifyServiceToken(
  token: string,
  secret: Uint8Array,
  audience: string,
  now: Date,
): Promise<ServiceCaller> {
  const kept = verified.get(secret) ?? new Map<string, Verified>();
  verified.set(secret, kept);
  const name = `${audience} ${token}`;
  const known = kept.get(name);
  const ms = now.getTime();
  if (known !== undefined && ms >= known.from && ms < known.until) return known.caller;
  const { caller, until } = await verifiedNow(token, secret, audience, now);
  if (kept.size >= MOST_VERIFIED) kept.clear();
  kept.set(name, { caller, from: ms, until });
  return caller;
}

async function verifiedNow(
  token: string,
  secret: Uint8Array,
  audience: string,
  now: Date,
): Promise<Pick<Verified, 'caller' | 'until'>> {
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
    const caller: ServiceCaller = { kind: 'service', tenantId: z.uuid().parse(payload['tenantId']) };
    // Neither older than it may be nor run out; what is left of the tolerance is for those that are looked at anew.
    const seconds = Math.min(payload.exp ?? 0, (payload.iat ?? 0) + LIFE_SECONDS);
    return { caller, until: seconds * MS_PER_SECOND };
  } catch (error) {
    throw new VantageError('NOT_SIGNED_IN', '', { cause: error });
  }
}
