/**
 * Who may open this station's pages: tokens that the station prints, and the sessions that a page gets for one. Kept in memory; only
 * hashes, so that comparing takes the same time whatever was sent.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Screen } from '../../core/clinic-api.ts';
import type { Surface } from '../../contract/index.ts';

export interface Session extends Screen {
  /** The cookie's value: known to this page and nobody else. */
  readonly secret: string;
}

interface Token {
  readonly surface: Surface;
  readonly hash: Buffer;
  readonly expiresAtMs: number;
  readonly singleUse: boolean;
}

interface KeptSession {
  readonly screen: Screen;
  lastSeenMs: number;
}

const SESSION_IDLE_MS = 12 * 3_600_000;
const MOST_SESSIONS = 64;
/** Wrong tokens in this time before everybody has to wait. */
const ATTEMPT_WINDOW_MS = 60_000;
const MOST_WRONG_ATTEMPTS = 10;

export class Sessions {
  readonly #now: () => number;
  #tokens: Token[] = [];
  readonly #sessions = new Map<string, KeptSession>();
  #wrongAttempts: number[] = [];

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** 256 random bits for one surface. Without limits it is good as long as the station runs. */
  issueToken(surface: Surface, limits: { readonly lifetimeMs?: number; readonly singleUse?: boolean } = {}): string {
    const token = randomBytes(32).toString('base64url');
    this.#tokens.push({
      surface,
      hash: hashOf(token),
      expiresAtMs: this.#now() + (limits.lifetimeMs ?? Infinity),
      singleUse: limits.singleUse ?? false,
    });
    return token;
  }

  /** @returns seconds to wait when too many wrong tokens were tried, else 0. */
  waitSeconds(): number {
    const since = this.#now() - ATTEMPT_WINDOW_MS;
    this.#wrongAttempts = this.#wrongAttempts.filter((at) => at > since);
    const [first] = this.#wrongAttempts;
    if (first === undefined || this.#wrongAttempts.length < MOST_WRONG_ATTEMPTS) return 0;
    return Math.ceil((first - since) / 1000);
  }

  /** A session for a token, or null when the token is not one of this surface's. */
  exchange(surface: Surface, token: string): Session | null {
    const now = this.#now();
    this.#tokens = this.#tokens.filter((kept) => kept.expiresAtMs > now);
    const hash = hashOf(token);
    let found: Token | null = null;
    // All are compared, so that the time does not tell which came close.
    for (const kept of this.#tokens) {
      if (timingSafeEqual(kept.hash, hash) && kept.surface === surface) found = kept;
    }
    if (found === null) {
      this.#wrongAttempts.push(now);
      return null;
    }
    if (found.singleUse) this.#tokens = this.#tokens.filter((kept) => kept !== found);
    this.#makeRoom(now);
    const secret = randomBytes(32).toString('base64url');
    const screen: Screen = { surface, screenSessionId: randomBytes(16).toString('base64url') };
    this.#sessions.set(hashOf(secret).toString('hex'), { screen, lastSeenMs: now });
    return { ...screen, secret };
  }

  /** The screen that a cookie stands for, on this surface only. */
  screenOf(surface: Surface, secret: string | undefined): Screen | null {
    if (secret === undefined) return null;
    const kept = this.#sessions.get(hashOf(secret).toString('hex'));
    const now = this.#now();
    if (kept === undefined || kept.screen.surface !== surface || kept.lastSeenMs + SESSION_IDLE_MS < now) return null;
    kept.lastSeenMs = now;
    return kept.screen;
  }

  #makeRoom(now: number): void {
    for (const [key, kept] of this.#sessions) {
      if (kept.lastSeenMs + SESSION_IDLE_MS < now) this.#sessions.delete(key);
    }
    const byAge = [...this.#sessions].sort(([, a], [, b]) => a.lastSeenMs - b.lastSeenMs);
    for (const [key] of byAge.slice(0, Math.max(0, byAge.length - MOST_SESSIONS + 1))) this.#sessions.delete(key);
  }
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
