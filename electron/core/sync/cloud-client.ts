/** The station's line to the cloud: one client per station, which owns address, token, timeouts, and what a failure is called. */
import type { z } from 'zod';

/** Injected, so that a simulation can be the network. */
export type Fetch = typeof globalThis.fetch;

export interface RawRequest {
  readonly method: string;
  /** Under the cloud's address; ids only, never a name or a hash. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/**
 * Every failure is a VantageError: CLOUD_UNREACHABLE (no answer, timeout, reset, TLS), CLOUD_CAPTIVE (somebody else answered),
 * CLOUD_UNAVAILABLE and TOO_MANY_REQUESTS (`extra.waitSeconds`: when to ask again), STATION_REFUSED, UPDATE_NEEDED, CLOUD_OLDER, and
 * what the cloud says of one request (INPUT_INVALID, NOT_FOUND, ...). When `signal` is aborted, its reason.
 */
export interface CloudClient {
  /** JSON in, JSON out, parsed with the schema. Signs in by itself, once again after a 401. */
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
   * The poke stream: yields at the beginning and on every RESYNC. Ends when the cloud ends it (a token ran out: open it again),
   * throws CLOUD_UNREACHABLE when the line goes or nothing, not even a heartbeat, has come for a minute.
   */
  pokes(signal: AbortSignal): AsyncIterable<void>;
}
