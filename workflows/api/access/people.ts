/**
 * People sign in with an OpenID Connect provider; which one is configuration. The provider says who they are, the tables say what
 * they may.
 */
import { createRemoteJWKSet, jwtVerify } from 'jose';
import type { JWTPayload } from 'jose';
import { z } from 'zod';
import type { Role } from '../../../electron/contract/index.ts';
import { VantageError, roleSchema } from '../../../electron/contract/index.ts';
import type { Database } from '../../database/database.ts';
import { withScope } from '../../database/scope.ts';
import type { Identity, PersonCaller, Who } from './callers.ts';

export interface IdentityProvider {
  readonly issuer: string;
  /** `aud` that its tokens for this API carry. */
  readonly audience: string;
  /** Where its keys are; left out, its discovery document says (OpenID Connect Discovery 1.0, 4). */
  readonly jwksUri?: string | undefined;
}

/** Clocks of providers are kept; half a minute covers what they still differ. */
export const CLOCK_TOLERANCE_SECONDS = 30;
const FETCH_TIMEOUT_MS = 5000;
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

export class People {
  readonly provider: IdentityProvider;
  readonly #database: Database;
  readonly #now: () => Date;
  #keys: Promise<ReturnType<typeof createRemoteJWKSet>> | null = null;

  constructor(provider: IdentityProvider, database: Database, now: () => Date) {
    this.provider = provider;
    this.#database = database;
    this.#now = now;
  }

  /**
   * @param who what the route lets in; of several roles that fit, the one it names first
   * @throws VantageError NOT_SIGNED_IN, NOT_ALLOWED, or CLOUD_UNAVAILABLE when the provider's keys can't be had
   */
  async caller(token: string, who: readonly Who[]): Promise<PersonCaller> {
    return this.callerOf(await this.#identity(token), who);
  }

  /**
   * The same for somebody whom the provider has vouched for already.
   *
   * @throws VantageError NOT_ALLOWED
   */
  async callerOf(identity: Identity, who: readonly Who[]): Promise<PersonCaller> {
    const rows = await withScope(
      this.#database,
      { role: 'nobody', tenantId: null, locations: [], actor: 'anyone', identity },
      async (tx) =>
        tx
          .selectFrom('people')
          .leftJoin('people_roles', 'people_roles.person_id', 'people.id')
          .select(['people.id', 'people.tenant_id', 'role', 'location_id', 'patient_id'])
          .where('people.active', '=', true)
          .execute(),
    );
    const [person] = rows;
    if (person === undefined) throw new VantageError('NOT_ALLOWED');
    const role = who.find((wanted): wanted is Role => rows.some((row) => row.role === wanted));
    if (role === undefined) throw new VantageError('NOT_ALLOWED');
    const grants = rows.filter((row) => row.role === role);
    const everywhere = grants.some((row) => row.location_id === null);
    return {
      kind: 'person',
      tenantId: person.tenant_id,
      personId: person.id,
      role: roleSchema.parse(role),
      locations: everywhere ? '*' : grants.map((row) => row.location_id).filter((id) => id !== null),
      patientId: grants[0]?.patient_id ?? undefined,
      identity,
    };
  }

  async #identity(token: string): Promise<Identity> {
    const { sub = '' } = await this.#verified(token);
    return { issuer: this.provider.issuer, subject: sub };
  }

  async #verified(token: string): Promise<JWTPayload> {
    const keys = await this.#providerKeys();
    try {
      const { payload } = await jwtVerify(token, keys, {
        algorithms: ALGORITHMS,
        issuer: this.provider.issuer,
        audience: this.provider.audience,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        currentDate: this.#now(),
        requiredClaims: ['sub', 'exp'],
      });
      return payload;
    } catch (error) {
      if (isUnreachable(error)) throw new VantageError('CLOUD_UNAVAILABLE', 'identity provider', { cause: error });
      throw new VantageError('NOT_SIGNED_IN', '', { cause: error });
    }
  }

  async #providerKeys(): Promise<ReturnType<typeof createRemoteJWKSet>> {
    this.#keys ??= jwksUriOf(this.provider).then((uri) =>
      createRemoteJWKSet(uri, { timeoutDuration: FETCH_TIMEOUT_MS }),
    );
    try {
      return await this.#keys;
    } catch (error) {
      this.#keys = null;
      throw new VantageError('CLOUD_UNAVAILABLE', 'identity provider', { cause: error });
    }
  }
}

async function jwksUriOf(provider: IdentityProvider): Promise<URL> {
  if (provider.jwksUri !== undefined) return new URL(provider.jwksUri);
  const response = await fetch(`${provider.issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, {
    signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`discovery answered ${response.status}`);
  const found = z.object({ issuer: z.literal(provider.issuer), jwks_uri: z.url() }).parse(await response.json());
  return new URL(found.jwks_uri);
}

/** Told apart from a bad token: the provider did not answer, or not with keys. */
function isUnreachable(error: unknown): boolean {
  if (error instanceof TypeError) return true;
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : null;
  return code === 'ERR_JWKS_TIMEOUT' || code === 'ERR_JWKS_INVALID' || code === 'ERR_JOSE_GENERIC';
}
