/** Paths under which a screen may fetch bytes: random, short-lived, bound to that screen and to who is signed in there. */
import { randomBytes } from 'node:crypto';
import { VantageError } from '../../contract/index.ts';
import type { MediaGrant } from '../clinic-api.ts';
import type { Vault } from '../vault/index.ts';

const LIFETIME_MS = 10 * 60_000;
/** Old paths are dropped when there are more than this. */
const KEPT = 5_000;

interface Reader {
  readonly screenSessionId: string;
  /** Aborted when the reader locks the screen or somebody else unlocks it; the path is worth nothing from then on. */
  readonly signal: AbortSignal;
}

interface Ticket {
  readonly blobId: string;
  readonly to: Reader;
  readonly expiresMs: number;
  readonly mediaType: string;
  readonly size: number;
  readonly filename: string;
}

export class MediaTickets {
  readonly #tickets = new Map<string, Ticket>();
  readonly #vault: Vault;
  readonly #now: () => Date;

  constructor(vault: Vault, now: () => Date) {
    this.#vault = vault;
    this.#now = now;
  }

  /** @throws VantageError NOT_FOUND, NOT_SIGNED_IN when the screen was locked meanwhile. */
  open(
    blobId: string,
    filename: string,
    to: Reader,
  ): { path: string; mediaType: string; size: number; expiresAt: string } {
    if (to.signal.aborted) throw new VantageError('NOT_SIGNED_IN');
    const blob = this.#vault.stat(blobId);
    if (blob === null) throw new VantageError('NOT_FOUND', 'no such blob');
    const expiresMs = this.#now().getTime() + LIFETIME_MS;
    const path = `/media/${randomBytes(24).toString('base64url')}`;
    this.#tickets.set(path, {
      blobId,
      to,
      expiresMs,
      mediaType: blob.mediaType,
      size: blob.size,
      filename,
    });
    this.#sweep();
    return { path, mediaType: blob.mediaType, size: blob.size, expiresAt: new Date(expiresMs).toISOString() };
  }

  /** @returns null for an unknown or expired path, or another screen's. */
  grant(path: string, screenSessionId: string): MediaGrant | null {
    const ticket = this.#tickets.get(path);
    if (ticket === undefined || ticket.to.screenSessionId !== screenSessionId) return null;
    if (ticket.expiresMs < this.#now().getTime() || ticket.to.signal.aborted) {
      this.#tickets.delete(path);
      return null;
    }
    // Deleted since, by the retention policy.
    if (this.#vault.stat(ticket.blobId) === null) return null;
    const { mediaType, size, filename } = ticket;
    return { ...this.#vault.grantRead(ticket.blobId), mediaType, size, filename };
  }

  #sweep(): void {
    const nowMs = this.#now().getTime();
    for (const [path, ticket] of this.#tickets) {
      if (ticket.expiresMs < nowMs || ticket.to.signal.aborted || this.#tickets.size > KEPT) this.#tickets.delete(path);
    }
  }
}
