/**
 * What stands for "this person, at this screen, now". Kept in the encrypted file, so that a patient's screen goes on after a
 * restart of core; worth nothing at another screen, and for one day at most.
 */
import { createHash, randomBytes } from 'node:crypto';
import { VantageError } from '../../contract/index.ts';
import type { ScreenState } from '../access/access.ts';
import type { Store } from '../store/index.ts';

const LIFETIME_MS = 12 * 3_600_000;

export class CheckinTickets {
  readonly #store: Store;
  readonly #now: () => Date;
  readonly #left = new Map<string, AbortController>();

  constructor(store: Store, now: () => Date) {
    this.#store = store;
    this.#now = now;
  }

  issue(screenSessionId: string, appointmentId: string): string {
    const nowMs = this.#now().getTime();
    const ticket = randomBytes(24).toString('base64url');
    this.#store.sqlite.prepare('DELETE FROM checkin_tickets WHERE made_ms < ?').run(nowMs - LIFETIME_MS);
    this.#store.sqlite
      .prepare('INSERT INTO checkin_tickets (ticket_hash, screen_hash, appointment_id, made_ms) VALUES (?, ?, ?, ?)')
      .run(hashOf(ticket), hashOf(screenSessionId), appointmentId, nowMs);
    return ticket;
  }

  /** @returns the appointment's id. @throws VantageError NOT_ALLOWED for an unknown, old or another screen's ticket. */
  require(screen: ScreenState, ticket: string): string {
    const row = this.#store.sqlite
      .prepare<[string, string, number], { appointment_id: string }>(
        'SELECT appointment_id FROM checkin_tickets WHERE ticket_hash = ? AND screen_hash = ? AND made_ms >= ?',
      )
      .get(hashOf(ticket), hashOf(screen.screen.screenSessionId), this.#now().getTime() - LIFETIME_MS);
    if (row === undefined) throw new VantageError('NOT_ALLOWED', 'ticket');
    return row.appointment_id;
  }

  /** Aborted when the person leaves the screen. */
  signalOf(ticket: string): AbortSignal {
    const known = this.#left.get(ticket) ?? new AbortController();
    this.#left.set(ticket, known);
    return known.signal;
  }

  end(screen: ScreenState, ticket: string): void {
    this.#store.sqlite
      .prepare('DELETE FROM checkin_tickets WHERE ticket_hash = ? AND screen_hash = ?')
      .run(hashOf(ticket), hashOf(screen.screen.screenSessionId));
    this.#left.get(ticket)?.abort();
    this.#left.delete(ticket);
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
