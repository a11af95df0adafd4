/**
 * Interfaces of the form `(input?, { signal }?) => Promise<value or stream>` carried over a port with oRPC: the server side serves an
 * implementation, the client side is an object of the same interface. Streams and cancellation cross; {@link VantageError} stays one.
 */
import type { ClientContext, NestedClient } from '@orpc/client';
import { createORPCClient, ORPCError } from '@orpc/client';
import { RPCLink } from '@orpc/client/message-port';
import { os } from '@orpc/server';
import type { AnyProcedure } from '@orpc/server';
import { RPCHandler } from '@orpc/server/message-port';
import { VantageError } from '../contract/index.ts';
import type { Failure } from './control.ts';
import { errorOf, failureOf } from './control.ts';
import type { ServicePort } from './service-process.ts';

interface Options {
  readonly signal?: AbortSignal | undefined;
}

/** For each method whether its first argument is its input (`true`) or already the options (`false`). */
export type Methods<Api> = { readonly [Name in keyof Api]: boolean };

type Method = (...args: unknown[]) => Promise<unknown>;

const FAILURE = 'FAILURE';

/** Serves `api` on the port until it closes; calls under way are then aborted. */
export function serveApi<Api extends object>(api: Api, methods: Methods<Api>, port: ServicePort): void {
  const router: Record<string, AnyProcedure> = {};
  for (const [name, hasInput] of Object.entries(methods)) {
    const method = (api as Record<string, Method>)[name];
    if (method === undefined) throw new TypeError(`no method ${name}`);
    router[name] = os.handler(async ({ input, signal }) => {
      try {
        const options: Options = { signal };
        const result = await (hasInput ? method.call(api, input, options) : method.call(api, options));
        return isStream(result) ? streamOut(result, signal) : result;
      } catch (error) {
        throw asWire(error);
      }
    });
  }
  new RPCHandler(router).upgrade(port);
}

/** An object of interface `Api` whose methods are answered at the other end of the port. */
function callApi<Api extends object>(methods: Methods<Api>, port: ServicePort): Api {
  const client = createORPCClient<Record<string, NestedClient<ClientContext>>>(
    new RPCLink({ port }),
  ) as unknown as Record<string, (input: unknown, options: Options) => Promise<unknown>>;
  const api: Record<string, Method> = {};
  for (const [name, hasInput] of Object.entries(methods)) {
    api[name] = async (...args) => {
      const input = hasInput ? args[0] : undefined;
      const options = ((hasInput ? args[1] : args[0]) ?? {}) as Options;
      try {
        const result = await client[name]?.(input, { signal: options.signal });
        return isStream(result) ? streamIn(result) : result;
      } catch (error) {
        throw fromWire(error);
      }
    };
  }
  return api as Api;
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/** Ends as soon as the caller is gone, also while the source is silent. */
async function* streamOut(source: AsyncIterable<unknown>, signal: AbortSignal | undefined): AsyncGenerator {
  const iterator = source[Symbol.asyncIterator]();
  // Not Promise.race with one promise for the whole stream: that would gather a reaction for every item.
  let wake: (() => void) | null = null;
  const onAbort = (): void => wake?.();
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    for (;;) {
      if (signal?.aborted === true) return;
      const next = await new Promise<IteratorResult<unknown> | null>((resolve, reject) => {
        wake = () => resolve(null);
        iterator.next().then(resolve, reject);
      });
      if (next === null || next.done === true) return;
      yield next.value;
    }
  } catch (error) {
    throw asWire(error);
  } finally {
    signal?.removeEventListener('abort', onAbort);
    // Not awaited: a generator that hangs in its source would hang this one too.
    Promise.resolve(iterator.return?.()).catch(() => undefined);
  }
}

async function* streamIn(source: AsyncIterable<unknown>): AsyncGenerator {
  try {
    yield* source;
  } catch (error) {
    throw fromWire(error);
  }
}

function asWire(error: unknown): unknown {
  if (error instanceof ORPCError) return error;
  return new ORPCError(FAILURE, { status: 500, data: failureOf(error) });
}

function fromWire(error: unknown): unknown {
  return error instanceof ORPCError && error.code === FAILURE ? errorOf(error.data as Failure) : error;
}

export interface ReconnectingApi<Api> {
  /** Stays the same object over all connections. */
  readonly api: Api;
  /** From now on calls go here. What was under way at a former port is rejected. */
  connect(port: ServicePort): void;
}

/**
 * An API whose process may die and come back. Calls in flight are rejected with `code` the moment the port closes; calls made while
 * nobody is there wait at most `waitLimitMs` for the next port, then are rejected with `code` too. Streams end with that error.
 */
export function reconnectingApi<Api extends object>(
  methods: Methods<Api>,
  code: 'DEVICES_RESTARTED' | 'ANALYSIS_RESTARTED' | 'CORE_RESTARTED',
  waitLimitMs: number,
): ReconnectingApi<Api> {
  interface Line {
    readonly methods: Record<string, Method>;
    isGone: boolean;
  }
  let line: Line | null = null;
  let arrivals: (() => void)[] = [];

  const arrival = async (signal: AbortSignal | undefined): Promise<Line> => {
    const limit = performance.now() + waitLimitMs;
    for (;;) {
      signal?.throwIfAborted();
      if (line !== null) return line;
      const remainingMs = limit - performance.now();
      if (remainingMs <= 0) throw new VantageError(code, 'it is not back yet');
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', done);
          resolve();
        };
        const timer = setTimeout(done, remainingMs);
        arrivals.push(done);
        signal?.addEventListener('abort', done, { once: true });
      });
    }
  };

  /** oRPC rejects everything under way when the port closes, as aborted; here it gets the code that says why. */
  const explain = (error: unknown, through: Line): unknown => (through.isGone ? new VantageError(code) : error);

  async function* explained(source: AsyncIterable<unknown>, through: Line): AsyncGenerator {
    try {
      yield* source;
    } catch (error) {
      throw explain(error, through);
    }
  }

  const api: Record<string, Method> = {};
  for (const [name, hasInput] of Object.entries(methods)) {
    api[name] = async (...args) => {
      const options = ((hasInput ? args[1] : args[0]) ?? {}) as Options;
      const through = await arrival(options.signal);
      try {
        const result = await through.methods[name]?.(...args);
        return isStream(result) ? explained(result, through) : result;
      } catch (error) {
        throw explain(error, through);
      }
    };
  }

  return {
    api: api as Api,
    connect: (port) => {
      const next: Line = { methods: callApi<Api>(methods, port) as Record<string, Method>, isGone: false };
      port.addEventListener('close', () => {
        next.isGone = true;
        if (line === next) line = null;
      });
      line = next;
      const waiting = arrivals;
      arrivals = [];
      for (const arrive of waiting) arrive();
    },
  };
}
