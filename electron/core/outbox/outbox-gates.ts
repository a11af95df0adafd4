/** When something may be sent, by what became of the last requests: the line as a whole, and whether anybody in the cloud works on messages. */
import type { Problem } from '../../contract/index.ts';
import type { SyncClock } from '../sync/clock.ts';
import { backoffMs } from './backoff.ts';
import type { DeliveryResult } from './sender.ts';

export interface OutboxLineState {
  readonly state: 'unknown' | 'reachable' | 'away' | 'refused' | 'waiting-for-keys';
  /** ms since 1970 */
  readonly since: number;
  readonly problem: Problem | null;
  /** When it is tried again, ms since 1970; null while it is reachable. */
  readonly nextAt: number | null;
}

/** Somebody may have mended what the station is refused for. */
const REFUSED_MS = 5 * 60_000;
/** One deadline may be a slow server; after so many in a row the connection itself is not trusted any more. */
const TIMEOUTS_UNTIL_NEW = 2;
/** One request that fails may be its own fault; so many in a row are the other side's. */
const FAILURES_UNTIL_AWAY = 3;
/** One message that nobody takes may be a workflow that is stuck; so many in a row are workers that are away. */
const UNATTENDED_UNTIL_SLOW = 2;

export class OutboxGates {
  readonly #clock: SyncClock;
  readonly #random: () => number;
  #line: Omit<OutboxLineState, 'nextAt'>;
  /** By the monotonic clock. */
  #dueAt = 0;
  #attempts = 0;
  #timeouts = 0;
  #failures = 0;
  #unattended = 0;
  #workerDueAt = 0;

  constructor(clock: SyncClock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
    this.#line = { state: 'unknown', since: clock.now(), problem: null };
    this.#dueAt = clock.monotonic();
  }

  get line(): OutboxLineState {
    const { state } = this.#line;
    const isStopped = state !== 'unknown' && state !== 'reachable';
    const inMs = Math.max(0, this.#dueAt - this.#clock.monotonic());
    return { ...this.#line, nextAt: isStopped ? this.#clock.now() + inMs : null };
  }

  /** Messages reach the cloud, and nobody takes them there. */
  get isUnattended(): boolean {
    return this.#unattended >= UNATTENDED_UNTIL_SLOW;
  }

  /** How many more requests may begin; while the line is not known to be good, one at a time. */
  room(most: number, inFlight: number): number {
    if (this.#line.state === 'reachable') return Math.max(0, most - inFlight);
    return inFlight === 0 && this.#clock.monotonic() >= this.#dueAt ? 1 : 0;
  }

  /** How many messages among them. */
  messageRoom(most: number): number {
    if (!this.isUnattended) return most;
    return this.#clock.monotonic() >= this.#workerDueAt ? 1 : 0;
  }

  lineWaitMs(most: number): number {
    return this.#line.state === 'reachable' ? most : this.#leftMs(this.#dueAt, most);
  }

  workerWaitMs(most: number): number {
    return this.isUnattended ? this.#leftMs(this.#workerDueAt, most) : most;
  }

  /** @returns whether the connection should be given up. */
  observe(result: DeliveryResult, isMessage: boolean): 'keep' | 'renew' {
    switch (result.kind) {
      case 'delivered':
      case 'refused':
      case 'invalid':
        if (isMessage && result.kind !== 'invalid') this.#unattended = 0;
        this.#reached();
        return 'keep';
      case 'unattended':
        this.#reached();
        this.#unattended += 1;
        this.#workerDueAt =
          this.#clock.monotonic() + backoffMs(Math.max(1, this.#unattended - UNATTENDED_UNTIL_SLOW + 1), this.#random);
        return 'keep';
      case 'denied':
        this.#stop('refused', { code: 'WORKFLOWS_REFUSED', detail: result.code, at: this.#now() });
        this.#dueAt = this.#clock.monotonic() + REFUSED_MS * (0.5 + this.#random());
        // Certificates and keys are read anew with a connection.
        return 'renew';
      case 'keyless':
        this.#attempts += 1;
        this.#stop('waiting-for-keys', { code: 'WORKFLOWS_KEYS_MISSING', detail: '', at: this.#now() });
        this.#dueAt = this.#clock.monotonic() + backoffMs(this.#attempts, this.#random);
        return 'keep';
      case 'away':
        this.#timeouts = result.timedOut ? this.#timeouts + 1 : 0;
        this.#away(result.code);
        return this.#timeouts >= TIMEOUTS_UNTIL_NEW ? 'renew' : 'keep';
      case 'failed':
        this.#failures += 1;
        if (this.#failures >= FAILURES_UNTIL_AWAY || this.#line.state !== 'reachable') this.#away(result.code);
        return 'keep';
      default:
        return result satisfies never;
    }
  }

  /** Everything is due. @returns whether the line was not good. */
  tryNow(): boolean {
    this.#attempts = 0;
    this.#dueAt = this.#clock.monotonic();
    this.#workerDueAt = this.#dueAt;
    return this.#line.state !== 'reachable';
  }

  #reached(): void {
    this.#attempts = 0;
    this.#timeouts = 0;
    this.#failures = 0;
    if (this.#line.state === 'reachable') return;
    this.#line = { state: 'reachable', since: this.#clock.now(), problem: null };
  }

  #away(code: string): void {
    // Of several that were under way together one is enough.
    if (this.#line.state === 'away' && this.#clock.monotonic() < this.#dueAt) return;
    this.#attempts += 1;
    this.#stop('away', { code: 'WORKFLOWS_UNREACHABLE', detail: code, at: this.#now() });
    this.#dueAt = this.#clock.monotonic() + backoffMs(this.#attempts, this.#random);
  }

  #stop(state: 'away' | 'refused' | 'waiting-for-keys', problem: Problem): void {
    const { since, state: former, problem: known } = this.#line;
    const isSame = former === state;
    this.#line = {
      state,
      since: isSame ? since : this.#clock.now(),
      problem: isSame && known !== null ? { ...problem, at: known.at } : problem,
    };
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString();
  }

  #leftMs(dueAt: number, most: number): number {
    return Math.min(most, Math.max(0, dueAt - this.#clock.monotonic()));
  }
}
