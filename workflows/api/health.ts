/** What machines ask: whether it is alive, whether it can work, what it counted, what its routes are, what its keys are. */
import { sql } from 'kysely';
import { z } from 'zod';
import { VantageError } from '../../electron/contract/index.ts';
import { openApiDocument } from './openapi.ts';
import type { Route } from './route.ts';
import { mediaRoute, route } from './route.ts';

export const HEALTH_ROUTES: readonly Route[] = [
  route({
    method: 'GET',
    path: '/healthz',
    summary: 'The process answers',
    who: ['anyone'],
    answer: z.object({ ok: z.literal(true) }),
    handle: async () => ({ ok: true as const }),
  }),
  route({
    method: 'GET',
    path: '/readyz',
    summary: 'The database answers, has the tables that this program needs, and does not let it pass its policies by',
    who: ['anyone'],
    answer: z.object({ ok: z.literal(true), migration: z.number(), listening: z.boolean() }),
    handle: async ({ parts }) => {
      const { rows } = await sql<{ migration: number | null; free: boolean }>`
        SELECT (SELECT max(number) FROM schema_migrations) AS migration,
               (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user) AS free`.execute(
        parts.database,
      );
      const { migration = 0, free = true } = rows[0] ?? {};
      if (migration === null || migration < parts.migration) throw new VantageError('CLOUD_UNAVAILABLE', 'migrations');
      if (free) throw new VantageError('CLOUD_UNAVAILABLE', 'the login passes the policies by');
      return { ok: true as const, migration, listening: parts.pokes.connected };
    },
  }),
  mediaRoute({
    method: 'GET',
    path: '/metrics',
    summary: 'Prometheus',
    who: ['anyone'],
    mediaType: 'text/plain; version=0.0.4; charset=utf-8',
    handle: async ({ parts }) => parts.metrics.registry.metrics(),
  }),
  route({
    method: 'GET',
    path: '/.well-known/jwks.json',
    summary: 'Public keys of the tokens that this API signs',
    who: ['anyone'],
    answer: z.object({ keys: z.array(z.looseObject({})) }),
    handle: async ({ parts }) => ({ keys: parts.access.keys.publicKeys.map((key) => ({ ...key })) }),
  }),
];

/** The route that describes all the others. */
export function openApiRoute(routes: readonly Route[]): Route {
  return route({
    method: 'GET',
    path: '/openapi.json',
    summary: 'This document',
    who: ['anyone'],
    answer: z.looseObject({}),
    handle: async () => ({ ...openApiDocument(routes) }),
  });
}
