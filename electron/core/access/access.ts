/**
 * Who is signed in at which screen. A PIN unlocks a screen for one person; wrong ones make the next try wait, also across a
 * restart. A screen's sign-in outlives a restart of core for a few minutes, so that a crash does not interrupt a visit.
 */
import { createHash } from 'node:crypto';
import type { Caller, PersonOnShift, Role, Staff } from '../../contract/index.ts';
import { VantageError } from '../../contract/index.ts';
import type { Screen } from '../clinic-api.ts';
import type { Store } from '../store/index.ts';
import { verifyPin } from './pin.ts';

/** How long a sign-in survives without the screen being there. */
const RECONNECT_MS = 10 * 60_000;
/** Wrong tries that cost nothing; after them the wait doubles from five seconds up to five minutes. */
const FREE_TRIES = 3;
const FIRST_WAIT_SECONDS = 5;
const LONGEST_WAIT_SECONDS = 300;

export interface Actor {
  readonly staffId: string;
  readonly name: string;
  readonly initials: string;
  readonly roles: readonly Role[];
}

/** The state of one screen. Its `signal` is aborted when it locks, so that no stream goes on behind the lock. */
export interface ScreenState {
  readonly screen: Screen;
  actor: Actor | null;
  abort: AbortController;
  /** Lines of the screen that are open now (a page has one), and when the last of them ended. */
  lines: number;
  leftAtMs: number | null;
}

export class Access {
  readonly #store: Store;
  readonly #now: () => Date;
  readonly #screens = new Map<string, ScreenState>();

  constructor(store: Store, now: () => Date) {
    this.#store = store;
    this.#now = now;
  }

  /** The state of a screen, with its sign-in taken up again if it was there a moment ago. */
  async screenState(screen: Screen): Promise<ScreenState> {
    this.#forgetLeft();
    const known = this.#screens.get(screen.screenSessionId);
    if (known !== undefined) return known;
    const actor = screen.surface === 'staff' ? await this.#remembered(screen.screenSessionId) : null;
    const again = this.#screens.get(screen.screenSessionId);
    if (again !== undefined) return again;
    const state: ScreenState = { screen, actor, abort: new AbortController(), lines: 0, leftAtMs: null };
    this.#screens.set(screen.screenSessionId, state);
    return state;
  }

  /** A line of the screen has opened. @returns what to call, once, when it has ended. */
  attached(state: ScreenState): () => void {
    state.lines += 1;
    state.leftAtMs = null;
    return () => {
      state.lines -= 1;
      if (state.lines === 0) state.leftAtMs = this.#now().getTime();
    };
  }

  /** A page that was closed without locking must not be found signed in by whoever opens it hours later. */
  #forgetLeft(): void {
    const nowMs = this.#now().getTime();
    for (const [id, state] of this.#screens) {
      if (state.leftAtMs === null || nowMs - state.leftAtMs <= RECONNECT_MS) continue;
      if (state.actor !== null) this.#signOut(state);
      this.#screens.delete(id);
    }
  }

  async people(): Promise<PersonOnShift[]> {
    const staff = await this.#store.find('staff', {});
    return staff
      .filter((person) => person.active)
      .map(personOf)
      .toSorted((a, b) => a.name.localeCompare(b.name, 'en'));
  }

  /** @throws VantageError PIN_WRONG, PIN_WAIT (with seconds), NOT_FOUND. */
  async unlock(state: ScreenState, staffId: string, pin: string): Promise<PersonOnShift> {
    if (state.screen.surface !== 'staff') throw new VantageError('NOT_ALLOWED');
    const person = await this.#checkPin(staffId, pin, 'access.unlocked');
    this.#signOut(state);
    state.actor = { staffId: person.id, name: person.name, initials: person.initials, roles: person.roles };
    this.#remember(state);
    return personOf(person);
  }

  /**
   * The PIN of the person signed in, asked again for something that counts as a signature.
   * @throws PIN_WRONG, PIN_WAIT, INPUT_INVALID without one
   */
  async confirm(actor: Actor, pin: string | null): Promise<void> {
    if (pin === null) throw new VantageError('INPUT_INVALID', 'a PIN is needed', { field: 'pin' });
    await this.#checkPin(actor.staffId, pin, 'access.confirmed');
  }

  async lock(state: ScreenState): Promise<void> {
    const { actor } = state;
    this.#signOut(state);
    if (actor !== null) {
      await this.#store.audit.append({
        at: this.#now().toISOString(),
        actorId: actor.staffId,
        role: actor.roles.join(','),
        action: 'access.locked',
        subjectKind: 'staff',
        subjectId: actor.staffId,
        detail: {},
      });
    }
  }

  /** Notes that the screen is being used, at most every ten seconds on disk. */
  seen(state: ScreenState): void {
    const hash = hashOf(state.screen.screenSessionId);
    const nowMs = this.#now().getTime();
    this.#store.sqlite
      .prepare('UPDATE screen_sessions SET last_seen_ms = ? WHERE id_hash = ? AND last_seen_ms < ?')
      .run(nowMs, hash, nowMs - 10_000);
  }

  async #checkPin(staffId: string, pin: string, action: string): Promise<Staff> {
    const person = await this.#store.get('staff', staffId);
    if (person === null || !person.active) throw new VantageError('NOT_FOUND');
    // From here to the count nothing is awaited: tries that come together must see each other. Counted before the check: a kill in
    // between must not give free tries.
    const nowMs = this.#now().getTime();
    const failures = this.#failures(staffId);
    const wait = waitAfter(failures.count);
    // A clock that was set back makes nobody wait longer than the wait itself.
    const waitSeconds = Math.min(wait, Math.ceil((failures.lastMs - nowMs) / 1000) + wait);
    if (waitSeconds > 0) throw new VantageError('PIN_WAIT', '', { waitSeconds });
    this.#store.sqlite
      .prepare(
        'INSERT INTO pin_failures (staff_id, count, last_ms) VALUES (?, 1, ?) ON CONFLICT (staff_id) DO UPDATE SET count = count + 1, last_ms = excluded.last_ms',
      )
      .run(staffId, nowMs);
    const right = await verifyPin(person.pinHash, pin);
    await this.#store.audit.append({
      at: this.#now().toISOString(),
      actorId: staffId,
      role: person.roles.join(','),
      action: right ? action : 'access.refused',
      subjectKind: 'staff',
      subjectId: staffId,
      detail: {},
    });
    if (!right) {
      const next = waitAfter(failures.count + 1);
      if (next > 0) throw new VantageError('PIN_WAIT', '', { waitSeconds: next });
      throw new VantageError('PIN_WRONG');
    }
    this.#store.sqlite.prepare('DELETE FROM pin_failures WHERE staff_id = ?').run(staffId);
    return person;
  }

  #failures(staffId: string): { readonly count: number; readonly lastMs: number } {
    const row = this.#store.sqlite
      .prepare<[string], { count: number; last_ms: number }>(
        'SELECT count, last_ms FROM pin_failures WHERE staff_id = ?',
      )
      .get(staffId);
    return row === undefined ? { count: 0, lastMs: 0 } : { count: row.count, lastMs: row.last_ms };
  }

  async #remembered(screenSessionId: string): Promise<Actor | null> {
    const row = this.#store.sqlite
      .prepare<[string], { staff_id: string; last_seen_ms: number }>(
        'SELECT staff_id, last_seen_ms FROM screen_sessions WHERE id_hash = ?',
      )
      .get(hashOf(screenSessionId));
    if (row === undefined || this.#now().getTime() - row.last_seen_ms > RECONNECT_MS) return null;
    const person = await this.#store.get('staff', row.staff_id);
    if (person === null || !person.active) return null;
    return { staffId: person.id, name: person.name, initials: person.initials, roles: person.roles };
  }

  #remember(state: ScreenState): void {
    if (state.actor === null) return;
    this.#store.sqlite
      .prepare('INSERT OR REPLACE INTO screen_sessions (id_hash, staff_id, last_seen_ms) VALUES (?, ?, ?)')
      .run(hashOf(state.screen.screenSessionId), state.actor.staffId, this.#now().getTime());
  }

  #signOut(state: ScreenState): void {
    state.actor = null;
    state.abort.abort(new VantageError('NOT_SIGNED_IN'));
    state.abort = new AbortController();
    this.#store.sqlite
      .prepare('DELETE FROM screen_sessions WHERE id_hash = ?')
      .run(hashOf(state.screen.screenSessionId));
  }
}

/** What a screen is, for the roles of a procedure. */
export function callersOf(state: ScreenState): readonly Caller[] {
  if (state.screen.surface === 'checkin') return ['patient'];
  return state.actor === null ? ['anyone'] : ['anyone', ...state.actor.roles];
}

/** Seconds to wait after so many wrong PINs in a row. */
export function waitAfter(failures: number): number {
  if (failures < FREE_TRIES) return 0;
  return Math.min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** (failures - FREE_TRIES));
}

function personOf(person: Staff): PersonOnShift {
  return { staffId: person.id, name: person.name, initials: person.initials, roles: person.roles };
}

function hashOf(screenSessionId: string): string {
  return createHash('sha256').update(screenSessionId).digest('hex');
}
