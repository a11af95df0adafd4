/**
 * The one way to declare a route: with who may call it, what goes in and what comes out. Without them it does not compile, and a
 * route that came another way stops the start (`server.ts`).
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import type { z } from 'zod';
import type { Caller, StationCaller, Who } from './access/callers.ts';
import type { ApiParts } from './parts.ts';
import type { Scoped } from '../database/scope.ts';

export interface Call<P, Q, B> {
  readonly caller: Caller;
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly parts: ApiParts;
  readonly requestId: string;
  /** Aborted when the caller hangs up. */
  readonly signal: AbortSignal;
  /** One transaction with what this caller may see and write; a station is first looked up, whether it is still accepted. */
  readonly transaction: <T>(work: (tx: Scoped) => Promise<T>) => Promise<T>;
  /** For streams and raw routes only. */
  readonly reply: FastifyReply;
  readonly headers: IncomingHttpHeaders;
  /** A body that came as bytes (`application/offset+octet-stream`), not read yet. */
  readonly stream: Readable | null;
}
export type RawCall<P> = Call<P, undefined, undefined>;

/** JSON that is written already, in the shape that the route declares: what came out of the database as text needs no reading. */
export class JsonText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

interface RouteBase<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'HEAD' | 'OPTIONS';
  /** As Fastify writes it: `/v1/stations/:stationId`. No patient data in it, ever. */
  readonly path: string;
  readonly summary: string;
  readonly who: readonly [Who, ...Who[]];
  /** Whether the session of a browser stands for a token. Then the request has to come from our own pages. */
  readonly browser?: boolean;
  /** A page that people open by its address: whoever is not signed in is led there, and back. For GET with `browser`. */
  readonly isPage?: boolean;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly bodyLimit?: number;
  /** Instead of the general limit, per caller and minute. */
  readonly perMinute?: number;
  /** For the description of raw routes: headers that a request needs, the media type of its body, statuses of success. */
  readonly requestHeaders?: readonly string[];
  readonly takes?: string;
  readonly answers?: Readonly<Record<number, string>>;
}
type Handle<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R> = (
  call: Call<z.output<P>, z.output<Q>, z.output<B>>,
) => Promise<R>;

/** A route with its types forgotten. */
export interface Route extends RouteBase<z.ZodType, z.ZodType, z.ZodType> {
  readonly answer: z.ZodType | { readonly mediaType: string };
  readonly handle: Handle<z.ZodType, z.ZodType, z.ZodType, unknown>;
}

/** A route that answers with JSON of one shape. */
export function route<
  A extends z.ZodType,
  P extends z.ZodType = z.ZodUndefined,
  Q extends z.ZodType = z.ZodUndefined,
  B extends z.ZodType = z.ZodUndefined,
>(spec: RouteBase<P, Q, B> & { readonly answer: A; readonly handle: Handle<P, Q, B, z.input<A> | JsonText> }): Route {
  return spec;
}

/** A route that answers with a text of this media type, or by itself on `reply`. */
export function mediaRoute(
  spec: RouteBase<z.ZodUndefined, z.ZodUndefined, z.ZodUndefined> & {
    readonly mediaType: string;
    readonly handle: Handle<z.ZodUndefined, z.ZodUndefined, z.ZodUndefined, unknown>;
  },
): Route {
  const { mediaType, ...rest } = spec;
  return { ...rest, answer: { mediaType } };
}

/** A route that reads its body and answers by itself, with statuses and headers of its own (`answers`). */
export function rawRoute<P extends z.ZodType = z.ZodUndefined>(
  spec: RouteBase<P, z.ZodUndefined, z.ZodUndefined> & {
    readonly answers: Readonly<Record<number, string>>;
    readonly handle: (call: RawCall<z.output<P>>) => Promise<void>;
  },
): Route {
  return { ...spec, answer: { mediaType: 'application/octet-stream' } } as Route;
}

/** The caller of a route that only stations are let into. */
export function stationOf(call: { readonly caller: Caller }): StationCaller {
  if (call.caller.kind !== 'station') throw new Error('this route is for stations');
  return call.caller;
}
