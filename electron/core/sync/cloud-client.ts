/** The station's line to the cloud: one client per station, which owns address, token, timeouts, and what a failure is called. */
import type { z } from 'zod';
import type { ProblemCode } from '../../contract/index.ts';
import { CLOUD_PATHS, VantageError } from '../../contract/index.ts';
import type { Answer } from './answers.ts';
import { errorBodyOf, failureOf, isPage, lineFailure, parsedAnswer } from './answers.ts';
import type { SyncClock } from './clock.ts';
import type { ConnectionPool, Fetch } from './connection-pool.ts';
import { openConnectionPool } from './connection-pool.ts';
import { JsonText } from './json-text.ts';
import { linkedAbort } from './linked-abort.ts';
import { LineTimeout } from './line-timeout.ts';
import type { Pokes } from './poke-stream.ts';
import { readPokes } from './poke-stream.ts';
import type { ServerTime, StationKeys, TokensOptions } from './tokens.ts';
import { Tokens } from './tokens.ts';

export type { Fetch };

export interface RawRequest {
  readonly method: string;
  /** Under the cloud's address; ids only, never a name or a hash. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

export type RawAnswer = Answer;

/**
 * Every failure is a VantageError: CLOUD_UNREACHABLE (no answer, timeout, reset, TLS), CLOUD_CAPTIVE (somebody else answered),
 * CLOUD_UNAVAILABLE and TOO_MANY_REQUESTS (`extra.waitSeconds`: when to ask again), STATION_REFUSED, UPDATE_NEEDED, CLOUD_OLDER, and
 * what the cloud says of one request (INPUT_INVALID, NOT_FOUND, ...). When `signal` is aborted, its reason.
 */
export interface CloudClient {
  /** JSON in (or what is JSON already, `JsonText`), JSON out, parsed with the schema. Signs in by itself, once again after a 401. */
  post<T>(
    path: string,
    body: unknown,
    schema: z.ZodType<T>,
    options?: { readonly signal?: AbortSignal; readonly timeoutMs?: number },
  ): Promise<T>;
  /**
   * Anything else (tus), with the token. Answers that are the request's own matter (2xx, 404, 409, 410, 412, 413, 460, ...) are
   * returned; what concerns the line or the station (3xx, 401, 403 STATION_REFUSED, 426, 429, 5xx, HTML) is thrown.
   */
  raw(request: RawRequest): Promise<RawAnswer>;
  /**
   * The poke stream: yields at the beginning and on every RESYNC, what may have changed (empty, or nothing said: anything). Ends when the cloud ends it (a token ran out: open it again),
   * throws CLOUD_UNREACHABLE when the line goes or nothing, not even a heartbeat, has come for a minute.
   */
  pokes(signal: AbortSignal): AsyncIterable<Pokes | void>;
}

/** What became of a request, for those who watch the line. */
export type LineResult =
  /** `accepted`: with a token. `roundTripMs` of small questions only; null where the answer took work. */
  | { readonly kind: 'answered'; readonly accepted: boolean; readonly roundTripMs: number | null }
  /** No answer of the cloud's; `code` CLOUD_UNREACHABLE or CLOUD_CAPTIVE. */
  | { readonly kind: 'failed'; readonly code: ProblemCode; readonly timedOut: boolean }
  /** It answered that it cannot now. */
  | { readonly kind: 'busy'; readonly waitSeconds: number | null }
  /** It does not take this station as it is: refused, or of a version that it does not serve. */
  | { readonly kind: 'refused'; readonly code: ProblemCode; readonly detail: string };

/** A client with what only `openSync` uses. */
export interface StationClient extends CloudClient {
  /** Asks something small, signing in where that is due. Its outcome is told to `observe`; rejects as well. */
  probe(signal: AbortSignal): Promise<void>;
  /** A small question without a token. */
  ask<T>(path: string, body: unknown, schema: z.ZodType<T>, signal: AbortSignal): Promise<T>;
  /** Gives up all connections; new requests get new ones. */
  reconnect(): void;
  /** Forgets the token: keys have changed. */
  forgetToken(): void;
  /** Ends what is under way. */
  close(): Promise<void>;
}

export interface CloudClientOptions {
  /** As `cloudAddress` gives it. */
  readonly address: string;
  readonly stationId: string;
  readonly keys: StationKeys;
  readonly clock: SyncClock;
  /** In place of connections of its own. */
  readonly fetch?: Fetch;
  /** Certificates (PEM) to trust instead of the built-in ones. */
  readonly ca?: string;
  readonly observe?: (result: LineResult) => void;
  readonly timeSeen?: (time: ServerTime) => void;
  readonly signedIn?: TokensOptions['signedIn'];
}

/** For a question whose answer takes the cloud little work. */
const SMALL_TIMEOUT_MS = 10_000;
/** For everything else, its body included. */
const TIMEOUT_MS = 60_000;
/** After so many timeouts in a row the network is taken to have swallowed the connections. */
const TIMEOUTS_UNTIL_RENEWAL = 2;

const LINE_CODES: readonly ProblemCode[] = ['CLOUD_UNREACHABLE', 'CLOUD_CAPTIVE'];
const BUSY_CODES: readonly ProblemCode[] = ['CLOUD_UNAVAILABLE', 'TOO_MANY_REQUESTS'];
const REFUSALS: readonly ProblemCode[] = ['STATION_REFUSED', 'UPDATE_NEEDED', 'CLOUD_OLDER'];
/** Failures that `raw` throws although the cloud answered. */
const RAW_THROWN: readonly ProblemCode[] = [...LINE_CODES, ...BUSY_CODES, ...REFUSALS, 'NOT_SIGNED_IN'];

interface Sending {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | undefined;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

export function createCloudClient(options: CloudClientOptions): StationClient {
  const { address, clock, observe = () => undefined } = options;
  const pool: ConnectionPool =
    options.fetch === undefined
      ? openConnectionPool(options.ca)
      : { fetch: options.fetch, renew: () => undefined, close: () => Promise.resolve() };
  const closing = new AbortController();
  /** Failures that were told: one to sign in is the failure of the request as well. */
  const known = new WeakSet<VantageError>();
  let timeoutsInARow = 0;

  const tokens = new Tokens({
    stationId: options.stationId,
    keys: options.keys,
    clock,
    timeSeen: options.timeSeen ?? (() => undefined),
    signedIn: options.signedIn ?? (() => undefined),
    ask,
  });

  async function ask<T>(
    path: string,
    body: unknown,
    schema: z.ZodType<T>,
    signal: AbortSignal,
    quietly = false,
  ): Promise<T> {
    // A token that was given shows that the station is accepted; signing in takes the cloud some work.
    const accepted = path === CLOUD_PATHS.token;
    return told({ accepted, from: accepted ? null : clock.monotonic() }, async () => {
      const answer = await send(jsonRequest(path, body, signal, SMALL_TIMEOUT_MS), null);
      const failure = failureOf(answer, clock.now());
      if (failure === null) return parsedAnswer(answer, schema);
      if (quietly && failure.code === 'STATION_REFUSED') known.add(failure);
      throw failure;
    });
  }

  /** Runs one request and tells what became of it. */
  async function told<T>(
    how: { readonly accepted: boolean; readonly from: number | null },
    run: () => Promise<T>,
  ): Promise<T> {
    try {
      const result = await run();
      answered(how.accepted, how.from === null ? null : clock.monotonic() - how.from);
      return result;
    } catch (error) {
      if (error instanceof VantageError) failed(error);
      throw error;
    }
  }

  function answered(accepted: boolean, roundTripMs: number | null): void {
    timeoutsInARow = 0;
    observe({ kind: 'answered', accepted, roundTripMs });
  }

  function failed(error: VantageError): void {
    if (known.has(error)) return;
    known.add(error);
    const { code } = error;
    const timedOut = error instanceof LineTimeout;
    timeoutsInARow = timedOut ? timeoutsInARow + 1 : 0;
    if (timeoutsInARow >= TIMEOUTS_UNTIL_RENEWAL) {
      timeoutsInARow = 0;
      pool.renew();
    }
    if (LINE_CODES.includes(code)) observe({ kind: 'failed', code, timedOut });
    else if (BUSY_CODES.includes(code)) observe({ kind: 'busy', waitSeconds: error.extra.waitSeconds ?? null });
    else if (REFUSALS.includes(code)) observe({ kind: 'refused', code, detail: error.detail });
    // A refusal of this one request is an answer like any other.
    else observe({ kind: 'answered', accepted: code !== 'NOT_SIGNED_IN', roundTripMs: null });
  }

  /** One request, whole, within its time. @throws VantageError CLOUD_UNREACHABLE, CLOUD_CAPTIVE; the signal's reason */
  async function send(sending: Sending, token: string | null): Promise<Answer> {
    return limited(sending.signal, sending.timeoutMs, async (signal) => {
      const response = await request(sending, token, signal);
      const body = new Uint8Array(await response.arrayBuffer());
      return { status: response.status, headers: response.headers, body };
    });
  }

  async function request(sending: Sending, token: string | null, signal: AbortSignal): Promise<Response> {
    return pool.fetch(`${address}${sending.path}`, {
      method: sending.method,
      headers: { ...sending.headers, ...(token !== null && { authorization: `Bearer ${token}` }) },
      // Whoever sends us elsewhere is not the cloud, and gets no token.
      redirect: 'manual',
      signal,
      ...(sending.body !== undefined && { body: sending.body as Uint8Array<ArrayBuffer> }),
    });
  }

  /** Runs with a signal that is aborted by the caller's, by the client's end, and when the time is over. */
  async function limited<T>(
    outer: AbortSignal,
    timeoutMs: number,
    run: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const request = linkedAbort(outer, closing.signal);
    const timer = linkedAbort(request.signal);
    clock.sleep(timeoutMs, timer.signal).then(
      () => request.abort(new LineTimeout(`no answer within ${timeoutMs} ms`)),
      () => undefined,
    );
    try {
      request.signal.throwIfAborted();
      return await run(request.signal);
    } catch (error) {
      if (request.signal.aborted) throw request.signal.reason;
      throw lineFailure(error);
    } finally {
      timer.abort(null);
      request.release();
    }
  }

  /** With the token, and once more with a new one when it was not taken. */
  async function sendSigned(
    sending: Sending,
  ): Promise<{ readonly answer: Answer; readonly failure: VantageError | null }> {
    for (let attempt = 1; ; attempt += 1) {
      const token = await tokens.current(sending.signal);
      const answer = await send(sending, token);
      const failure = failureOf(answer, clock.now());
      if (failure?.code !== 'NOT_SIGNED_IN') return { answer, failure };
      tokens.refused(token);
      if (attempt === 2) return { answer, failure };
    }
  }

  return {
    async post(path, body, schema, { signal = NEVER, timeoutMs = TIMEOUT_MS } = {}) {
      return told({ accepted: true, from: null }, async () => {
        const { answer, failure } = await sendSigned(jsonRequest(path, body, signal, timeoutMs));
        if (failure !== null) throw failure;
        return parsedAnswer(answer, schema);
      });
    },

    async raw({ method, path, headers = {}, body, signal = NEVER, timeoutMs = TIMEOUT_MS }) {
      return told({ accepted: true, from: null }, async () => {
        const { answer, failure } = await sendSigned({ method, path, headers, body, signal, timeoutMs });
        if (isPage(answer.headers)) throw new VantageError('CLOUD_CAPTIVE', `status ${answer.status}`);
        // What has no body of the API's is judged by whoever asked; a failure is only thrown where it is not about the request.
        const isOwn =
          errorBodyOf(answer) !== null || answer.status >= 500 || answer.status < 400 || answer.status === 429;
        if (failure !== null && (answer.status >= 500 || (isOwn && RAW_THROWN.includes(failure.code)))) throw failure;
        return answer;
      });
    },

    async *pokes(signal) {
      const sending: Sending = {
        method: 'GET',
        path: CLOUD_PATHS.stream,
        headers: { accept: 'text/event-stream' },
        body: undefined,
        signal,
        timeoutMs: TIMEOUT_MS,
      };
      yield* readPokes({
        clock,
        signal,
        closing: closing.signal,
        open: async (opened) => openStream({ ...sending, signal: opened }),
        heard: () => answered(true, null),
        failed,
      });
    },

    async probe(signal) {
      if (tokens.isFresh) await tokens.challenge(signal);
      else await tokens.current(signal);
    },

    ask,
    reconnect: () => pool.renew(),
    forgetToken: () => tokens.forget(),

    async close() {
      const reason = new VantageError('CANCELLED', 'the line to the cloud is closed');
      closing.abort(reason);
      tokens.close(reason);
      await pool.close();
    },
  };

  /** The response whose body is the stream; its headers within the time of a small question. */
  async function openStream(sending: Sending): Promise<Response> {
    for (let attempt = 1; ; attempt += 1) {
      const token = await tokens.current(sending.signal);
      const response = await limited(sending.signal, SMALL_TIMEOUT_MS, async (late) =>
        request(sending, token, AbortSignal.any([sending.signal, late])),
      );
      if (response.status === 200 && /^text\/event-stream\b/i.test(response.headers.get('content-type') ?? ''))
        return response;
      const body = new Uint8Array(await limited(sending.signal, SMALL_TIMEOUT_MS, async () => response.arrayBuffer()));
      const { status, headers } = response;
      const failure = failureOf({ status, headers, body }, clock.now());
      if (failure === null) throw new VantageError('CLOUD_CAPTIVE', 'not the cloud’s stream');
      if (failure.code !== 'NOT_SIGNED_IN') throw failure;
      tokens.refused(token);
      if (attempt === 2) throw failure;
    }
  }
}

/** For callers who wait to the end. */
const NEVER = new AbortController().signal;

function jsonRequest(path: string, body: unknown, signal: AbortSignal, timeoutMs: number): Sending {
  return {
    method: 'POST',
    path,
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: Buffer.from(body instanceof JsonText ? body.text : JSON.stringify(body)),
    signal,
    timeoutMs,
  };
}
