/**
 * An OpenID Connect provider of one page, for development and tests: whoever asks it for a token of somebody gets it, and whoever comes
 * with a browser says who they are. It listens on this machine only. A real installation names its provider instead (`OIDC_ISSUER`).
 */
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:http';
import { SignJWT, exportJWK } from 'jose';

export interface DevelopmentIssuer {
  readonly issuer: string;
  /** Where it listens. */
  readonly address: string;
  /** A token as the provider's own token endpoint gives it. */
  readonly tokenFor: (subject: string, audience: string, options?: TokenOptions) => Promise<string>;
  readonly stop: () => Promise<void>;
}

/** Whom the sign-in page offers. */
export interface DevelopmentPerson {
  readonly subject: string;
  readonly name: string;
}

export interface TokenOptions {
  /** Instead of an hour from now. */
  readonly expiresAt?: Date;
  readonly issuer?: string;
}

const HOUR_SECONDS = 3600;

/** A sign-in that was asked for, or granted and not yet fetched. */
interface Grant {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly nonce: string;
  readonly challenge: string;
  readonly subject: string;
}

/**
 * @param port 0: any free one
 * @param name its `issuer`, where that is to stay the same at another address; left out, it is the address
 */
export async function startDevelopmentIssuer(
  port = 0,
  name?: string,
  people: readonly DevelopmentPerson[] = [],
): Promise<DevelopmentIssuer> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'development', alg: 'RS256', use: 'sig' }] };
  const self = { issuer: '', address: '' };
  const grants = new Map<string, Grant>();
  const sign = async (
    subject: string,
    audience: string,
    options: TokenOptions = {},
    claims: Readonly<Record<string, unknown>> = {},
  ): Promise<string> =>
    new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'RS256', kid: 'development' })
      .setIssuer(options.issuer ?? self.issuer)
      .setAudience(audience)
      .setSubject(subject)
      .setIssuedAt()
      .setExpirationTime(options.expiresAt ?? `${HOUR_SECONDS}s`)
      .sign(privateKey);
  /** @returns null for a code that was not given for this, or was exchanged already */
  const exchange = async (request: IncomingMessage): Promise<string | null> => {
    const form = await formOf(request);
    const code = form.get('code') ?? '';
    const grant = grants.get(code);
    grants.delete(code);
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (grant?.challenge !== challenge || grant.redirectUri !== form.get('redirect_uri')) return null;
    const known = people.find(({ subject }) => subject === grant.subject);
    const claims = {
      nonce: grant.nonce,
      auth_time: Math.floor(Date.now() / 1000),
      name: known?.name ?? grant.subject,
    };
    return sign(grant.subject, grant.clientId, {}, claims);
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', self.address);
    const answer = (body: unknown, status = 200): void => {
      response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
      response.end(JSON.stringify(body));
    };
    if (url.pathname === '/.well-known/openid-configuration') {
      answer({
        issuer: self.issuer,
        jwks_uri: `${self.address}/jwks`,
        authorization_endpoint: `${self.address}/authorize`,
        token_endpoint: `${self.address}/token`,
      });
    } else if (url.pathname === '/jwks') {
      answer(jwks);
    } else if (url.pathname === '/authorize') {
      const subject = url.searchParams.get('subject');
      if (subject === null) {
        response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
        response.end(signInPage(url.searchParams, people));
        return;
      }
      const asked = (parameter: string): string => url.searchParams.get(parameter) ?? '';
      const code = randomBytes(16).toString('hex');
      const redirectUri = asked('redirect_uri');
      grants.set(code, {
        clientId: asked('client_id'),
        redirectUri,
        nonce: asked('nonce'),
        challenge: asked('code_challenge'),
        subject,
      });
      const location = new URL(redirectUri);
      location.searchParams.set('code', code);
      location.searchParams.set('state', asked('state'));
      response.writeHead(303, { location: location.href });
      response.end();
    } else if (url.pathname === '/token' && request.method === 'POST' && !url.searchParams.has('subject')) {
      exchange(request).then(
        (idToken) => {
          if (idToken === null) return answer({ error: 'invalid_grant' }, 400);
          return answer({ id_token: idToken, access_token: idToken, token_type: 'Bearer', expires_in: HOUR_SECONDS });
        },
        () => answer({ error: 'server_error' }, 500),
      );
    } else if (url.pathname === '/token' && request.method === 'POST') {
      const subject = url.searchParams.get('subject');
      const audience = url.searchParams.get('audience');
      if (subject === null || audience === null) answer({ error: 'invalid_request' }, 400);
      else {
        sign(subject, audience).then(
          (token) => answer({ access_token: token, token_type: 'Bearer', expires_in: HOUR_SECONDS }),
          () => answer({ error: 'server_error' }, 500),
        );
      }
    } else answer({ error: 'not_found' }, 404);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('no port');
  self.address = `http://127.0.0.1:${bound.port}`;
  self.issuer = name ?? self.address;
  return {
    ...self,
    tokenFor: sign,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

/** The people to choose from, and a field for anybody else. */
function signInPage(asked: URLSearchParams, people: readonly DevelopmentPerson[]): string {
  const choices = people.map(({ subject, name }) => {
    const next = new URLSearchParams(asked);
    next.set('subject', subject);
    return `<li><a href="/authorize?${escaped(next.toString())}">${escaped(name)}</a></li>`;
  });
  const kept = [...asked].map(
    ([key, value]) => `<input type="hidden" name="${escaped(key)}" value="${escaped(value)}">`,
  );
  return `<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,"><title>Development sign-in</title>
<h1>Development sign-in</h1><p>It believes everybody. Who are you?</p><ul>${choices.join('')}</ul>
<form action="/authorize">${kept.join('')}<label>Somebody else: <input name="subject" required></label> <button>Sign in</button></form>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}
