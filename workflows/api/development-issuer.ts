/**
 * An OpenID Connect provider of one page, for development and tests: whoever asks it for a token of somebody gets it. It listens on
 * this machine only. A real installation names its provider instead (`OIDC_ISSUER`).
 */
import { generateKeyPairSync } from 'node:crypto';
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

export interface TokenOptions {
  /** Instead of an hour from now. */
  readonly expiresAt?: Date;
  readonly issuer?: string;
}

const HOUR_SECONDS = 3600;

/**
 * @param port 0: any free one
 * @param name its `issuer`, where that is to stay the same at another address; left out, it is the address
 */
export async function startDevelopmentIssuer(port = 0, name?: string): Promise<DevelopmentIssuer> {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'development', alg: 'RS256', use: 'sig' }] };
  const self = { issuer: '', address: '' };
  const sign = async (subject: string, audience: string, options: TokenOptions = {}): Promise<string> =>
    new SignJWT({})
      .setProtectedHeader({ alg: 'RS256', kid: 'development' })
      .setIssuer(options.issuer ?? self.issuer)
      .setAudience(audience)
      .setSubject(subject)
      .setIssuedAt()
      .setExpirationTime(options.expiresAt ?? `${HOUR_SECONDS}s`)
      .sign(privateKey);
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
        token_endpoint: `${self.address}/token`,
      });
    } else if (url.pathname === '/jwks') {
      answer(jwks);
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
