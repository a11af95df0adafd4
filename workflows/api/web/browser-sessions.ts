/** Sessions of people with a browser: a random secret in a cookie, its hash in the database, the roles looked up at each request. */
import { createHash, randomBytes } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { VantageError, newId } from '../../../electron/contract/index.ts';
import { withScope } from '../../database/scope.ts';
import type { Identity, PersonCaller, Who } from '../access/callers.ts';
import type { ApiParts } from '../parts.ts';
import { cookieOf } from './cookies.ts';

/** A day's work; then the identity provider is asked again. */
const LIFE_SECONDS = 12 * 3600;
/** Without any request: the browser was closed, or its computer sleeps. A page that is open and untouched signs itself out earlier. */
const IDLE_MS = 60 * 60_000;
/** `seen_at` is written no more often than this. */
const SEEN_EVERY_MS = 60_000;
const SECRET_BYTES = 32;

export interface NewSession {
  readonly identity: Identity;
  readonly tenantId: string;
  readonly personId: string;
  readonly name: string;
  readonly signedInAt: Date;
}

/** Begins a session and forgets the person's old ones. @returns what the cookie is to hold, and for how long */
export async function beginSession(
  { database, now }: Pick<ApiParts, 'database' | 'now'>,
  { identity, tenantId, personId, name, signedInAt }: NewSession,
): Promise<{ readonly secret: string; readonly maxAgeSeconds: number }> {
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  const at = now();
  const scope = { role: 'nobody', tenantId, locations: [], actor: `person:${personId}`, identity } as const;
  await withScope(database, scope, async (tx) => {
    await tx.deleteFrom('browser_sessions').where('expires_at', '<', at).execute();
    await tx
      .insertInto('browser_sessions')
      .values({
        id: newId(),
        tenant_id: tenantId,
        person_id: personId,
        ...identity,
        name,
        secret_sha256: hashOf(secret),
        signed_in_at: signedInAt,
        seen_at: at,
        expires_at: new Date(at.getTime() + LIFE_SECONDS * 1000),
        ended_at: null,
      })
      .execute();
  });
  return { secret, maxAgeSeconds: LIFE_SECONDS };
}

/**
 * The person whose browser asks, if it asks from one of our own pages.
 *
 * @throws VantageError NOT_SIGNED_IN, NOT_ALLOWED for somebody else's page or a person without the role
 */
export async function browserCaller(
  parts: ApiParts,
  request: FastifyRequest,
  who: readonly Who[],
): Promise<PersonCaller> {
  const secret = cookieOf(request.headers.cookie, parts.web.cookies.session);
  if (secret === undefined) throw new VantageError('NOT_SIGNED_IN');
  requireOurPage(parts, request);
  return sessionCaller(parts, hashOf(secret), who);
}

/** The same by the secret's hash: streams look again whether they still may. @throws VantageError NOT_SIGNED_IN, NOT_ALLOWED */
export async function sessionCaller(
  parts: Pick<ApiParts, 'database' | 'now' | 'access'>,
  secretSha256: string,
  who: readonly Who[],
): Promise<PersonCaller> {
  const nowMs = parts.now().getTime();
  const session = await withScope(parts.database, scopeOfSession(secretSha256), async (tx) => {
    const row = await tx
      .selectFrom('browser_sessions')
      .selectAll()
      .where('secret_sha256', '=', secretSha256)
      .where('ended_at', 'is', null)
      .executeTakeFirst();
    if (row === undefined || row.expires_at.getTime() <= nowMs || nowMs - row.seen_at.getTime() > IDLE_MS) return null;
    if (nowMs - row.seen_at.getTime() > SEEN_EVERY_MS) {
      await tx
        .updateTable('browser_sessions')
        .set({ seen_at: new Date(nowMs) })
        .where('id', '=', row.id)
        .execute();
    }
    return row;
  });
  if (session === null) throw new VantageError('NOT_SIGNED_IN');
  const caller = await parts.access.people.callerOf({ issuer: session.issuer, subject: session.subject }, who);
  const { id: sessionId, name, signed_in_at: signedInAt } = session;
  return { ...caller, browser: { sessionId, secretSha256, name, signedInAt } };
}

/** From now on the cookie is worth nothing. */
export async function endSession(parts: Pick<ApiParts, 'database' | 'now'>, secretSha256: string): Promise<void> {
  await withScope(parts.database, scopeOfSession(secretSha256), async (tx) =>
    tx
      .updateTable('browser_sessions')
      .set({ ended_at: parts.now() })
      .where('secret_sha256', '=', secretSha256)
      .where('ended_at', 'is', null)
      .execute(),
  );
}

/** A header that a page of another site cannot send without asking first, and is then refused. */
const PAGE_HEADER = 'x-vantage-page';

/**
 * A cookie goes with every request, whoever's page made it. What only our own pages can send: the exact origin, and a header of their
 * own. Reading a picture has neither; there the browser says where it came from.
 *
 * @throws VantageError NOT_ALLOWED
 */
function requireOurPage({ web }: Pick<ApiParts, 'web'>, { method, headers }: FastifyRequest): void {
  const site = headers['sec-fetch-site'];
  const isLook = method === 'GET' || method === 'HEAD';
  if (site !== undefined && site !== 'same-origin' && !(isLook && site === 'none')) {
    throw new VantageError('NOT_ALLOWED', 'another site');
  }
  if (isLook) return;
  if (headers.origin !== web.origin || headers[PAGE_HEADER] === undefined) {
    throw new VantageError('NOT_ALLOWED', 'another site');
  }
}

function scopeOfSession(secretSha256: string) {
  return { role: 'nobody', tenantId: null, locations: [], actor: 'anyone', browserSession: secretSha256 } as const;
}

export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
