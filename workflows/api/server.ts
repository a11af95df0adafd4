/** The API: Fastify with the routes, and what stands before each of them: who calls, how often, what goes in and out. */
import { Readable } from 'node:stream';
import rateLimit from '@fastify/rate-limit';
import Fastify from 'fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { DestinationStream } from 'pino';
import { TUS_CONTENT_TYPE, VantageError } from '../../electron/contract/index.ts';
import { openDatabase } from '../database/database.ts';
import { readMigrations } from '../database/migrate.ts';
import { withScope } from '../database/scope.ts';
import { ApiKeys } from './access/api-keys.ts';
import { authenticate } from './access/authenticate.ts';
import type { Caller } from './access/callers.ts';
import { actorOf, scopeOf } from './access/callers.ts';
import { People } from './access/people.ts';
import { allowCodecOrigins } from './codec/origins.ts';
import type { ApiConfig } from './config.ts';
import { NO_NOTICES } from './config.ts';
import { createLog } from './log.ts';
import { Metrics } from './metrics.ts';
import type { ApiParts } from './parts.ts';
import { problemOf } from './problems.ts';
import { Pokes } from './replication/pokes.ts';
import type { Call, Route } from './route.ts';
import { JsonText } from './route.ts';
import { ROUTES } from './routes.ts';
import { requireAcceptedStation } from './stations/accepted.ts';
import { refuseWritesToTemporalPage } from './temporal/page-routes.ts';
import { PageUpstream } from './temporal/page-upstream.ts';
import { TemporalVisits } from './temporal/temporal-visits.ts';
import { openFiles } from './uploads/files.ts';
import { browserCaller } from './web/browser-sessions.ts';
import { openWeb } from './web/web.ts';
import { ledToSignIn } from './web/sign-in-first.ts';

export interface Api {
  readonly app: FastifyInstance;
  readonly parts: ApiParts;
  /** Ends the streams, finishes what is under way, lets the database go. */
  readonly close: () => Promise<void>;
}

export interface ApiOptions {
  readonly now?: () => Date;
  readonly heartbeatMs?: number;
  /** How often work on files is looked for without being told. */
  readonly pollMs?: number;
  /** Where log lines go, instead of standard output. */
  readonly logTo?: DestinationStream;
  readonly routes?: readonly Route[];
}

/** Requests of one caller a minute, where a route says nothing else. */
const PER_MINUTE = 1200;
const BODY_LIMIT = 1024 * 1024;
const HEARTBEAT_MS = 20_000;

/** Builds an API that does not listen yet. @throws Error when a route says not who may call it, or the configuration is wrong. */
export async function createApi(config: ApiConfig, options: ApiOptions = {}): Promise<Api> {
  const now = options.now ?? (() => new Date());
  const log = createLog(config.logLevel, options.logTo);
  const database = openDatabase({
    url: config.databaseUrl,
    maxConnections: config.databaseConnections,
    onIdleError: (error) => log.warn({ err: error }, 'a database connection broke'),
  });
  const keys = await ApiKeys.read(config.signingKeys, config.publicUrl, now);
  const metrics = new Metrics();
  const files = await openFiles(config.files, {
    database,
    log,
    registry: metrics.registry,
    now,
    pollMs: options.pollMs,
  });
  const parts: ApiParts = {
    database,
    access: { keys, people: new People(config.oidc, database, now), serviceSecret: config.serviceSecret, now },
    pokes: new Pokes(config.databaseUrl, log),
    metrics,
    files,
    web: await openWeb(config),
    notices: config.notices ?? NO_NOTICES,
    workflowKeys: config.workflows?.keys ?? [],
    temporal: {
      visits: new TemporalVisits(config.workflows?.temporal ?? null, log, now),
      webUrl: config.workflows?.webUrl ?? null,
      page: new PageUpstream(config.workflows?.page ?? null),
    },
    log,
    now,
    heartbeatMs: options.heartbeatMs ?? HEARTBEAT_MS,
    migration: readMigrations().at(-1)?.number ?? 0,
  };
  const app = Fastify({
    logger: false,
    trustProxy: config.trustProxy,
    bodyLimit: BODY_LIMIT,
    // A document may have any field names; what cannot be kept is quarantined row by row, not refused with its batch.
    onProtoPoisoning: 'ignore',
    onConstructorPoisoning: 'ignore',
    forceCloseConnections: true,
  });
  const undeclared: string[] = [];
  app.addHook('onRoute', (added) => {
    const { who } = (added.config ?? {}) as { readonly who?: readonly unknown[] };
    if (who === undefined || who.length === 0) undeclared.push(`${String(added.method)} ${added.url}`);
  });
  allowCodecOrigins(app, config.workflows?.codecOrigins ?? []);
  refuseWritesToTemporalPage(app);
  await setUp(app, parts);
  for (const declared of options.routes ?? ROUTES) addRoute(app, parts, declared);
  await app.ready();
  if (undeclared.length > 0) throw new Error(`nobody said who may call ${undeclared.join(', ')}`);
  parts.pokes.start();
  files.keeper.start();
  return {
    app,
    parts,
    close: async () => {
      await parts.pokes.stop();
      await app.close();
      await parts.temporal.visits.close();
      await parts.temporal.page.close();
      await files.keeper.stop();
      files.store.close();
      await database.destroy();
    },
  };
}

async function setUp(app: FastifyInstance, parts: ApiParts): Promise<void> {
  await app.register(rateLimit, {
    global: false,
    timeWindow: 60_000,
    keyGenerator: callerKey,
    errorResponseBuilder: (_request, context) =>
      new VantageError('TOO_MANY_REQUESTS', '', { waitSeconds: Math.ceil(context.ttl / 1000) }),
  });
  // Bytes of uploads: whoever takes them reads them as they come (`Call.stream`).
  app.addContentTypeParser(TUS_CONTENT_TYPE, (_request, payload, done) => done(null, payload));
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error, request.id);
    const level = problem.status >= 500 ? 'error' : 'info';
    parts.log[level](
      { requestId: request.id, route: routeOf(request), code: problem.body.code, err: error },
      'refused',
    );
    if (problem.body.waitSeconds !== undefined) void reply.header('retry-after', problem.body.waitSeconds);
    return reply.status(problem.status).headers(problem.headers).send(problem.body);
  });
  app.setNotFoundHandler((request, reply) => {
    const problem = problemOf(new VantageError('NOT_FOUND'), request.id);
    return reply.status(problem.status).send(problem.body);
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = routeOf(request);
    parts.metrics.requests.observe(
      { method: request.method, route, status: String(reply.statusCode) },
      reply.elapsedTime / 1000,
    );
    const line = { requestId: request.id, method: request.method, route, status: reply.statusCode };
    parts.log.info({ ...line, ms: Math.round(reply.elapsedTime), caller: callers.get(request)?.kind }, 'answered');
  });
}

/** Fastify knows the pattern; the path itself may hold ids and is not written down. */
function routeOf(request: FastifyRequest): string {
  return request.routeOptions.url ?? 'unknown';
}

const callers = new WeakMap<FastifyRequest, Caller>();

/** Known callers are counted each by themselves, everybody else by address. */
function callerKey(request: FastifyRequest): string {
  const caller = callers.get(request);
  return caller === undefined || caller.kind === 'anyone' ? request.ip : actorOf(caller);
}

function addRoute(app: FastifyInstance, parts: ApiParts, route: Route): void {
  app.route({
    method: route.method,
    url: route.path,
    exposeHeadRoute: false,
    config: { who: route.who },
    ...(route.bodyLimit !== undefined && { bodyLimit: route.bodyLimit }),
    onRequest: async (request) => {
      const { authorization } = request.headers;
      const isBrowser = route.browser === true && authorization === undefined && !route.who.includes('anyone');
      callers.set(
        request,
        await (isBrowser
          ? browserCaller(parts, request, route.who).catch((error: unknown) => {
              throw route.isPage === true ? ledToSignIn(parts.web, request, error) : error;
            })
          : authenticate(parts.access, authorization, route.who)),
      );
    },
    // Once the caller is known, and before a body is read. A bad token costs the check of a signature and gets no further.
    preParsing: app.rateLimit({ max: route.perMinute ?? PER_MINUTE }),
    handler: async (request, reply) => {
      const answer = await route.handle(callOf(parts, route, request, reply));
      // Raw routes have sent what they had to say, or are sending it.
      if (route.answers !== undefined || reply.sent || reply.raw.headersSent) return reply;
      if ('mediaType' in route.answer) return reply.type(route.answer.mediaType).send(answer);
      if (answer instanceof JsonText) return reply.type('application/json; charset=utf-8').send(answer.text);
      return reply.send(route.answer.parse(answer));
    },
  });
}

function callOf(
  parts: ApiParts,
  route: Route,
  request: FastifyRequest,
  reply: FastifyReply,
): Call<unknown, unknown, unknown> {
  const caller = callers.get(request) ?? { kind: 'anyone' };
  const hangUp = new AbortController();
  reply.raw.once('close', () => hangUp.abort());
  return {
    caller,
    params: route.params?.parse(request.params),
    query: route.query?.parse(request.query),
    body: route.body?.parse(request.body),
    parts,
    requestId: request.id,
    signal: hangUp.signal,
    transaction: async (work) =>
      withScope(parts.database, scopeOf(caller), async (tx) => {
        if (caller.kind === 'station') await requireAcceptedStation(tx, caller, parts.now());
        return work(tx);
      }),
    reply,
    headers: request.headers,
    stream: request.body instanceof Readable ? request.body : null,
  };
}
