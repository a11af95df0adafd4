/**
 * Signing in with a browser: the authorization code flow of OpenID Connect Core 1.0 (3.1) with PKCE (RFC 7636). What the browser has to
 * bring back is kept by itself, signed, for a few minutes.
 */
import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { VantageError } from '../../../electron/contract/index.ts';
import type { ApiKeys } from '../access/api-keys.ts';
import type { People } from '../access/people.ts';
import type { Identity } from '../access/callers.ts';
import type { OidcClient } from '../config.ts';

export const SIGN_IN_PATH = '/app/sign-in';
export const SIGNED_IN_PATH = '/app/sign-in/done';
export const SIGN_IN_SECONDS = 600;
const TYPE = 'vantage-sign-in+jwt';
const FETCH_TIMEOUT_MS = 10_000;
const LONGEST_NAME = 200;

const endpointsSchema = z.object({ authorization_endpoint: z.url(), token_endpoint: z.url() });
const flowSchema = z.object({ nonce: z.string(), verifier: z.string(), sub: z.string() });
const tokenAnswerSchema = z.object({ id_token: z.string() });
const claimsSchema = z.object({
  sub: z.string().min(1),
  nonce: z.string(),
  iat: z.number(),
  auth_time: z.number().optional(),
  name: z.string().optional(),
  preferred_username: z.string().optional(),
});

export interface SignedIn {
  readonly identity: Identity;
  readonly name: string;
  readonly signedInAt: Date;
}

export class SignIn {
  readonly #issuer: string;
  readonly #client: OidcClient;
  readonly #redirectUri: string;
  #endpoints: z.output<typeof endpointsSchema> | null = null;

  constructor(issuer: string, client: OidcClient, publicUrl: string) {
    this.#issuer = issuer;
    this.#client = client;
    this.#redirectUri = `${publicUrl}${SIGNED_IN_PATH}`;
  }

  /**
   * @param again the person has to prove it now, whether or not the provider still knows them
   * @returns where to send the browser, and what it keeps until it comes back
   * @throws VantageError CLOUD_UNAVAILABLE
   */
  async begin(keys: ApiKeys, again: boolean): Promise<{ readonly location: string; readonly cookie: string }> {
    const { authorization_endpoint: endpoint } = await this.#find();
    const [state, nonce, verifier] = [random(), random(), random()];
    const location = new URL(endpoint);
    const asked: Readonly<Record<string, string>> = {
      response_type: 'code',
      client_id: this.#client.clientId,
      redirect_uri: this.#redirectUri,
      scope: 'openid profile',
      state,
      nonce,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      // Core 1.0, 3.1.2.1: then the ID token says when.
      ...(again && { prompt: 'login', max_age: '0' }),
    };
    for (const [name, value] of Object.entries(asked)) location.searchParams.set(name, value);
    return { location: location.href, cookie: await keys.sign(TYPE, state, { nonce, verifier }, SIGN_IN_SECONDS) };
  }

  /**
   * @param cookie what the browser kept
   * @param brought what it came back with
   * @throws VantageError NOT_SIGNED_IN when the two do not belong together, or the provider refused; CLOUD_UNAVAILABLE
   */
  async finish(
    people: People,
    keys: ApiKeys,
    cookie: string | undefined,
    brought: { readonly code?: string | undefined; readonly state?: string | undefined },
  ): Promise<SignedIn> {
    if (cookie === undefined || brought.code === undefined) throw new VantageError('NOT_SIGNED_IN');
    const flow = flowSchema.parse(await keys.verify(TYPE, cookie));
    if (flow.sub !== brought.state) throw new VantageError('NOT_SIGNED_IN', 'state');
    const token = await this.#exchange(brought.code, flow.verifier);
    const claims = claimsSchema.parse(await people.idToken(token, this.#client.clientId));
    if (claims.nonce !== flow.nonce) throw new VantageError('NOT_SIGNED_IN', 'nonce');
    return {
      identity: { issuer: this.#issuer, subject: claims.sub },
      name: (claims.name ?? claims.preferred_username ?? claims.sub).slice(0, LONGEST_NAME),
      // A provider that does not say when may have known them for days.
      signedInAt: new Date((claims.auth_time ?? 0) * 1000),
    };
  }

  /** Core 1.0, 3.1.3: the code for an ID token. */
  async #exchange(code: string, verifier: string): Promise<string> {
    const { token_endpoint: endpoint } = await this.#find();
    const { clientId, clientSecret } = this.#client;
    const form = new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      redirect_uri: this.#redirectUri,
      client_id: clientId,
      code_verifier: verifier,
    });
    const basic = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret ?? '')}`;
    const response = await reach(endpoint, {
      method: 'POST',
      headers: {
        accept: 'application/json',
        'content-type': 'application/x-www-form-urlencoded',
        ...(clientSecret !== undefined && { authorization: `Basic ${Buffer.from(basic).toString('base64')}` }),
      },
      body: form,
    });
    if (response.status >= 500) throw new VantageError('CLOUD_UNAVAILABLE', 'identity provider');
    const answer = response.ok ? tokenAnswerSchema.safeParse(await response.json()) : null;
    if (answer?.success !== true) throw new VantageError('NOT_SIGNED_IN', 'code');
    return answer.data.id_token;
  }

  async #find(): Promise<z.output<typeof endpointsSchema>> {
    const { authorizationEndpoint, tokenEndpoint } = this.#client;
    if (authorizationEndpoint !== undefined && tokenEndpoint !== undefined) {
      return { authorization_endpoint: authorizationEndpoint, token_endpoint: tokenEndpoint };
    }
    if (this.#endpoints === null) {
      const response = await reach(`${this.#issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, {});
      const found = response.ok ? endpointsSchema.safeParse(await response.json()) : null;
      if (found?.success !== true) throw new VantageError('CLOUD_UNAVAILABLE', 'identity provider');
      this.#endpoints = found.data;
    }
    return this.#endpoints;
  }
}

async function reach(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, redirect: 'error', signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) });
  } catch (error) {
    throw new VantageError('CLOUD_UNAVAILABLE', 'identity provider', { cause: error });
  }
}

function random(): string {
  return randomBytes(32).toString('base64url');
}
