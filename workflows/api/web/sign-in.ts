/**
 * Signing in with a browser: the authorization code flow of OpenID Connect Core 1.0 (3.1) with PKCE (RFC 7636), by `openid-client`. What
 * the browser has to bring back is kept by itself, signed, for a few minutes.
 */
import {
  ClientError,
  ClientSecretBasic,
  Configuration,
  None,
  ResponseBodyError,
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  clockTolerance,
  discovery,
  enableNonRepudiationChecks,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client';
import type { ClientAuth, IDToken, ServerMetadata } from 'openid-client';
import { z } from 'zod';
import { VantageError } from '../../../electron/contract/index.ts';
import type { ApiKeys } from '../access/api-keys.ts';
import type { Identity } from '../access/callers.ts';
import { CLOCK_TOLERANCE_SECONDS } from '../access/people.ts';
import type { IdentityProvider } from '../access/people.ts';
import type { OidcClient } from '../config.ts';

export const SIGN_IN_PATH = '/app/sign-in';
export const SIGNED_IN_PATH = '/app/sign-in/done';
export const SIGN_IN_SECONDS = 600;
const TYPE = 'vantage-sign-in+jwt';
const ANSWER_SECONDS = 10;
const LONGEST_NAME = 200;

const flowSchema = z.object({
  nonce: z.string(),
  verifier: z.string(),
  sub: z.string(),
  next: z.string().nullable().default(null),
});

export interface SignedIn {
  readonly identity: Identity;
  readonly name: string;
  readonly signedInAt: Date;
  /** Where the person wanted to go; null: to the page itself. */
  readonly next: string | null;
}

export class SignIn {
  readonly #provider: IdentityProvider;
  readonly #client: OidcClient;
  readonly #redirectUri: string;
  #configuration: Promise<Configuration> | null = null;

  constructor(provider: IdentityProvider, client: OidcClient, publicUrl: string) {
    this.#provider = provider;
    this.#client = client;
    this.#redirectUri = `${publicUrl}${SIGNED_IN_PATH}`;
  }

  /**
   * @param again the person has to prove it now, whether or not the provider still knows them
   * @param next where the person wants to go; null: to the page itself
   * @returns where to send the browser, and what it keeps until it comes back
   * @throws VantageError CLOUD_UNAVAILABLE
   */
  async begin(
    keys: ApiKeys,
    again: boolean,
    next: string | null = null,
  ): Promise<{ readonly location: string; readonly cookie: string }> {
    const configuration = await this.#configured();
    const [state, nonce, verifier] = [randomState(), randomNonce(), randomPKCECodeVerifier()];
    const location = buildAuthorizationUrl(configuration, {
      redirect_uri: this.#redirectUri,
      scope: 'openid profile',
      state,
      nonce,
      code_challenge: await calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      // Core 1.0, 3.1.2.1: then the ID token says when.
      ...(again && { prompt: 'login', max_age: '0' }),
    });
    return {
      location: location.href,
      cookie: await keys.sign(TYPE, state, { nonce, verifier, next }, SIGN_IN_SECONDS),
    };
  }

  /**
   * @param cookie what the browser kept
   * @param brought parameters that it came back with
   * @throws VantageError NOT_SIGNED_IN when the two do not belong together, or the provider refused; CLOUD_UNAVAILABLE
   */
  async finish(
    keys: ApiKeys,
    cookie: string | undefined,
    brought: Readonly<Record<string, string | undefined>>,
  ): Promise<SignedIn> {
    if (cookie === undefined) throw new VantageError('NOT_SIGNED_IN');
    const flow = flowSchema.parse(await keys.verify(TYPE, cookie));
    const claims = await this.#claims(flow, brought);
    const { name, preferred_username: login, auth_time: provenAt } = claims;
    const called = [name, login].find((value) => typeof value === 'string') ?? claims.sub;
    return {
      identity: { issuer: this.#provider.issuer, subject: claims.sub },
      name: called.slice(0, LONGEST_NAME),
      // A provider that does not say when may have known them for days.
      signedInAt: new Date((provenAt ?? 0) * 1000),
      next: flow.next,
    };
  }

  /** Core 1.0, 3.1.3: of the ID token that the code is exchanged for, its signature verified, too. */
  async #claims(
    flow: z.output<typeof flowSchema>,
    brought: Readonly<Record<string, string | undefined>>,
  ): Promise<IDToken> {
    const configuration = await this.#configured();
    const address = new URL(this.#redirectUri);
    for (const [name, value] of Object.entries(brought)) if (value !== undefined) address.searchParams.set(name, value);
    try {
      const answer = await authorizationCodeGrant(configuration, address, {
        expectedState: flow.sub,
        expectedNonce: flow.nonce,
        pkceCodeVerifier: flow.verifier,
        idTokenExpected: true,
      });
      const claims = answer.claims();
      if (claims !== undefined) return claims;
    } catch (error) {
      if (isUnreachable(error)) throw new VantageError('CLOUD_UNAVAILABLE', 'identity provider', { cause: error });
      throw new VantageError('NOT_SIGNED_IN', 'provider', { cause: error });
    }
    throw new VantageError('NOT_SIGNED_IN', 'provider');
  }

  async #configured(): Promise<Configuration> {
    this.#configuration ??= this.#find();
    try {
      return await this.#configuration;
    } catch (error) {
      this.#configuration = null;
      throw new VantageError('CLOUD_UNAVAILABLE', 'identity provider', { cause: error });
    }
  }

  /** What is configured, and of the rest what the provider's discovery document says. */
  async #find(): Promise<Configuration> {
    const { issuer, jwksUri } = this.#provider;
    const { clientId, clientSecret, authorizationEndpoint, tokenEndpoint } = this.#client;
    const proof = clientSecret === undefined ? None() : ClientSecretBasic(clientSecret);
    const given = {
      ...(authorizationEndpoint !== undefined && { authorization_endpoint: authorizationEndpoint }),
      ...(tokenEndpoint !== undefined && { token_endpoint: tokenEndpoint }),
      ...(jwksUri !== undefined && { jwks_uri: jwksUri }),
    };
    const isPlain = [issuer, ...Object.values(given)].some((address) => address.startsWith('http:'));
    const isAllGiven = Object.keys(given).length === 3;
    const found = isAllGiven ? {} : await this.#discover(isPlain, proof);
    const configuration = new Configuration(
      { issuer, ...found, ...given },
      clientId,
      { [clockTolerance]: CLOCK_TOLERANCE_SECONDS },
      proof,
    );
    configuration.timeout = ANSWER_SECONDS;
    // A provider without TLS is one on this machine, for development.
    if (isPlain) allowInsecureRequests(configuration);
    enableNonRepudiationChecks(configuration);
    return configuration;
  }

  async #discover(isPlain: boolean, proof: ClientAuth): Promise<ServerMetadata> {
    const options = { timeout: ANSWER_SECONDS, execute: isPlain ? [allowInsecureRequests] : [] };
    const found = await discovery(new URL(this.#provider.issuer), this.#client.clientId, {}, proof, options);
    // The document alone, without what the library adds to it.
    return JSON.parse(JSON.stringify(found.serverMetadata())) as ServerMetadata;
  }
}

/** Told apart from a refusal: the provider did not answer, or not as one does. */
function isUnreachable(error: unknown): boolean {
  if (error instanceof ResponseBodyError) return error.status >= 500;
  if (error instanceof ClientError) {
    return error.code === 'OAUTH_TIMEOUT' || (error.cause instanceof Response && error.cause.status >= 500);
  }
  return error instanceof TypeError && error.message === 'fetch failed';
}
