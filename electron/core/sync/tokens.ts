/**
 * The station's token: got for a challenge that is signed with its key, kept in memory only, renewed before it runs out. Its age is
 * counted by the clock that nobody can set.
 */
import type { z } from 'zod';
import type { TokenResponse } from '../../contract/index.ts';
import {
  CLOUD_PATHS,
  CONTRACT_VERSION,
  VantageError,
  challengeResponseSchema,
  tokenResponseSchema,
} from '../../contract/index.ts';
import type { SyncClock } from './clock.ts';
import type { StationKey } from './station-key.ts';
import { assertionOf } from './station-key.ts';

/** What the cloud said its time is, and when we asked and heard it, by our own clocks (ms). */
export interface ServerTime {
  readonly serverMs: number;
  readonly askedAt: number;
  readonly heardAt: number;
  readonly heardWall: number;
}

export interface StationKeys {
  /** The one that the cloud accepts. */
  current(): StationKey;
  /** One that was made to take its place; the cloud may know it already, or not yet. */
  next(): StationKey | null;
  /** A token was given for `next`: the cloud has forgotten the other. Durable when it returns. */
  promote(): Promise<void> | void;
}

export interface TokensOptions {
  readonly stationId: string;
  readonly keys: StationKeys;
  readonly clock: SyncClock;
  /** A request without a token. `quietly`: a refusal says nothing about the station. */
  readonly ask: <T>(
    path: string,
    body: unknown,
    schema: z.ZodType<T>,
    signal: AbortSignal,
    quietly?: boolean,
  ) => Promise<T>;
  readonly timeSeen: (time: ServerTime) => void;
  readonly signedIn: (answer: TokenResponse) => void;
}

/** Of its life, after which it is renewed. */
const RENEW_AFTER = 0.8;

export class Tokens {
  readonly #options: TokensOptions;
  readonly #closing = new AbortController();
  #token: { readonly text: string; readonly renewAt: number; readonly expiresAt: number } | null = null;
  #renewal: Promise<string> | null = null;

  constructor(options: TokensOptions) {
    this.#options = options;
  }

  /** A token that is good, as far as anybody here can tell. One renewal at a time, however many ask. */
  async current(signal: AbortSignal): Promise<string> {
    const at = this.#options.clock.monotonic();
    const held = this.#token;
    if (held !== null && at < held.renewAt) return held.text;
    this.#renewal ??= this.#renew().finally(() => {
      this.#renewal = null;
    });
    try {
      return await orAborted(this.#renewal, signal);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      // What passes by itself is no reason to give up a token that is still good.
      if (held !== null && this.#token === held && at < held.expiresAt && passes(error)) return held.text;
      throw error;
    }
  }

  /** Whether one is held that need not be renewed yet. */
  get isFresh(): boolean {
    return this.#token !== null && this.#options.clock.monotonic() < this.#token.renewAt;
  }

  /** The cloud did not take this one. */
  refused(token: string): void {
    if (this.#token?.text === token) this.#token = null;
  }

  /** The next one is asked for anew: the keys have changed. */
  forget(): void {
    this.#token = null;
  }

  /** Asks for a challenge, whose answer tells the cloud's time. */
  async challenge(signal: AbortSignal): Promise<string> {
    const { ask, clock, stationId, timeSeen } = this.#options;
    const askedAt = clock.monotonic();
    const { challenge, serverTime } = await ask(CLOUD_PATHS.challenge, { stationId }, challengeResponseSchema, signal);
    timeSeen({ serverMs: Date.parse(serverTime), askedAt, heardAt: clock.monotonic(), heardWall: clock.now() });
    return challenge;
  }

  close(reason: unknown): void {
    this.#closing.abort(reason);
  }

  async #renew(): Promise<string> {
    const { keys } = this.#options;
    const next = keys.next();
    if (next !== null) {
      try {
        const text = await this.#signIn(next, true);
        await keys.promote();
        return text;
      } catch (error) {
        // It was never heard of: the announcement was lost. The key before is still good.
        if (!(error instanceof VantageError) || error.code !== 'STATION_REFUSED') throw error;
      }
    }
    return this.#signIn(keys.current(), false);
  }

  async #signIn(key: StationKey, quietly: boolean): Promise<string> {
    const { ask, clock, stationId, signedIn } = this.#options;
    const { signal } = this.#closing;
    const challenge = await this.challenge(signal);
    const assertion = await assertionOf(key, stationId, challenge);
    const from = clock.monotonic();
    const request = { contractVersion: CONTRACT_VERSION, assertion };
    const answer = await ask(CLOUD_PATHS.token, request, tokenResponseSchema, signal, quietly);
    const lifeMs = answer.expiresInSeconds * 1000;
    this.#token = { text: answer.token, renewAt: from + lifeMs * RENEW_AFTER, expiresAt: from + lifeMs };
    signedIn(answer);
    return answer.token;
  }
}

function passes(error: unknown): boolean {
  const codes = ['CLOUD_UNREACHABLE', 'CLOUD_CAPTIVE', 'CLOUD_UNAVAILABLE', 'TOO_MANY_REQUESTS'];
  return error instanceof VantageError && codes.includes(error.code);
}

/** The promise's outcome, or the signal's reason for whoever does not wait any longer. */
async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  return new Promise<T>((resolve, reject) => {
    const aborted = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', aborted, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', aborted));
  });
}
