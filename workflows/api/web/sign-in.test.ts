import { generateKeyPairSync } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { ApiKeys } from '../access/api-keys.ts';
import type { OidcClient } from '../config.ts';
import { startDevelopmentIssuer } from '../development-issuer.ts';
import type { DevelopmentIssuer } from '../development-issuer.ts';
import { SignIn } from './sign-in.ts';

const PUBLIC_URL = 'https://cloud.test';
const CLIENT: OidcClient = {
  clientId: 'vantage',
  clientSecret: undefined,
  authorizationEndpoint: undefined,
  tokenEndpoint: undefined,
};
const running: DevelopmentIssuer[] = [];
afterEach(async () => {
  for (const issuer of running.splice(0)) await issuer.stop();
});

async function issuer(port = 0, name?: string): Promise<DevelopmentIssuer> {
  const started = await startDevelopmentIssuer(port, name);
  running.push(started);
  return started;
}

async function keys(): Promise<ApiKeys> {
  const { privateKey } = generateKeyPairSync('ed25519');
  return ApiKeys.read(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), PUBLIC_URL, () => new Date());
}

/** What the provider sends the browser back with. */
async function backFrom(location: string, subject: string): Promise<Record<string, string>> {
  const answer = await fetch(`${location}&subject=${subject}`, { redirect: 'manual' });
  return Object.fromEntries(new URL(answer.headers.get('location') ?? '').searchParams);
}

describe('the way over the identity provider', () => {
  it('ends with who they are and when they proved it', async () => {
    const { issuer: name } = await issuer();
    const own = await keys();
    const signIn = new SignIn({ issuer: name, audience: 'api' }, CLIENT, PUBLIC_URL);
    const { location, cookie } = await signIn.begin(own, true);
    expect(Object.fromEntries(new URL(location).searchParams)).toMatchObject({
      response_type: 'code',
      scope: 'openid profile',
      code_challenge_method: 'S256',
      prompt: 'login',
      max_age: '0',
    });
    const signedIn = await signIn.finish(own, cookie, await backFrom(location, 'amara'));
    expect(signedIn).toMatchObject({ identity: { issuer: name, subject: 'amara' }, name: 'amara' });
    expect(Math.abs(signedIn.signedInAt.getTime() - Date.now())).toBeLessThan(60_000);
  });

  it('believes no token that another key has signed', async () => {
    const known = await issuer(0, 'https://provider.test');
    const other = await issuer(0, 'https://provider.test');
    const signIn = new SignIn(
      { issuer: known.issuer, audience: 'api', jwksUri: `${known.address}/jwks` },
      { ...CLIENT, authorizationEndpoint: `${other.address}/authorize`, tokenEndpoint: `${other.address}/token` },
      PUBLIC_URL,
    );
    const own = await keys();
    const { location, cookie } = await signIn.begin(own, false);
    const brought = await backFrom(location, 'amara');
    await expect(signIn.finish(own, cookie, brought)).rejects.toMatchObject({ code: 'NOT_SIGNED_IN' });
  });

  it('is refused as the provider refuses, and never without what the browser kept', async () => {
    const { issuer: name } = await issuer();
    const own = await keys();
    const signIn = new SignIn({ issuer: name, audience: 'api' }, CLIENT, PUBLIC_URL);
    const { location, cookie } = await signIn.begin(own, false);
    const state = new URL(location).searchParams.get('state') ?? '';
    const refused = { error: 'access_denied', state };
    await expect(signIn.finish(own, cookie, refused)).rejects.toMatchObject({ code: 'NOT_SIGNED_IN' });
    const brought = await backFrom(location, 'amara');
    await expect(signIn.finish(own, undefined, brought)).rejects.toMatchObject({ code: 'NOT_SIGNED_IN' });
    await expect(signIn.finish(await keys(), cookie, brought)).rejects.toMatchObject({ code: 'NOT_SIGNED_IN' });
  });

  it('says that the provider is away, and goes on when it is back', async () => {
    const first = await startDevelopmentIssuer();
    const port = Number(new URL(first.address).port);
    await first.stop();
    const own = await keys();
    const signIn = new SignIn({ issuer: first.address, audience: 'api' }, CLIENT, PUBLIC_URL);
    await expect(signIn.begin(own, false)).rejects.toMatchObject({ code: 'CLOUD_UNAVAILABLE' });
    const second = await issuer(port);
    const { location, cookie } = await signIn.begin(own, false);
    const brought = await backFrom(location, 'amara');
    await second.stop();
    await expect(signIn.finish(own, cookie, brought)).rejects.toMatchObject({ code: 'CLOUD_UNAVAILABLE' });
  });
});
