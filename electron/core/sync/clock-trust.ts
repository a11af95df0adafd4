/**
 * How far this computer's clock is from the cloud's, and whether it jumps. Nothing is corrected by it: documents are ordered by the
 * hybrid clock, which never goes back, and times stay as they were written. People are told.
 */
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { z } from 'zod';
import type { Problem } from '../../contract/index.ts';
import { readStationValue, writeStationValue } from '../store/station-values.ts';
import type { SyncClock } from './clock.ts';
import type { ServerTime } from './tokens.ts';

/** Beyond this, times on screens and in records mislead; the hybrid clock's own bound is more than twice as much. */
export const CLOCK_LIMIT_MS = 2 * 60_000;
/** Measurements that are looked back on: one that was slow on one way only does not decide. */
const REMEMBERED = 5;
/** Clocks that are disciplined by the network are moved by less. */
const JUMP_MS = 2000;
/** The cloud writes its time in whole milliseconds. */
const RESOLUTION_MS = 1;
const KEY = 'clock-offset';

const measuredSchema = z.object({
  /** This computer's clock minus the cloud's, ms. */
  offsetMs: z.number(),
  /** The true difference is within this of it: half of the round trip. */
  errorMs: z.number(),
  /** By this computer's clock, ms since 1970. */
  measuredAt: z.number(),
});
export type ClockOffset = z.infer<typeof measuredSchema>;

export interface ClockTrustOptions {
  readonly clock: SyncClock;
  /** The station's file: the last measurement is kept for when there is no line. */
  readonly sqlite: Database;
  /** The clock was set, or the computer was asleep: by how much wall and monotonic time came apart, in ms. */
  readonly jumped: (byMs: number) => void;
  /** `problem` is another. */
  readonly changed: () => void;
}

export class ClockTrust {
  readonly #options: ClockTrustOptions;
  #samples: ClockOffset[] = [];
  #last: ClockOffset | null;
  /** Wall minus monotonic. */
  #apart: number;
  #offSince: string | null = null;

  constructor(options: ClockTrustOptions) {
    this.#options = options;
    const text = readStationValue(options.sqlite, KEY);
    const kept = text === null ? null : measuredSchema.safeParse(JSON.parse(text));
    this.#last = kept?.success === true ? kept.data : null;
    this.#apart = this.#apartNow();
  }

  /** The median of the last measurements, or what was last known before this start; null: never measured. */
  get offset(): ClockOffset | null {
    return this.#last;
  }

  /** `off` only where the error bound leaves no doubt. */
  get state(): 'unknown' | 'trusted' | 'off' {
    // What was measured before this start, or before the clock was set, says nothing about the clock as it is.
    if (this.#samples.length === 0 || this.#last === null) return 'unknown';
    return Math.abs(this.#last.offsetMs) - this.#last.errorMs > CLOCK_LIMIT_MS ? 'off' : 'trusted';
  }

  get problem(): Problem | null {
    if (this.#offSince === null || this.#last === null) return null;
    const seconds = Math.round(Math.abs(this.#last.offsetMs) / 1000);
    const detail = `${seconds} s ${this.#last.offsetMs > 0 ? 'ahead of' : 'behind'} the cloud`;
    return { code: 'CLOCK_OFF', detail, at: this.#offSince };
  }

  /** Of every challenge. The cloud read its clock somewhere between the question and the answer. */
  take({ serverMs, askedAt, heardAt, heardWall }: ServerTime): void {
    this.look();
    const halfMs = Math.max(0, heardAt - askedAt) / 2;
    this.#samples = [
      ...this.#samples,
      { offsetMs: heardWall - halfMs - serverMs, errorMs: halfMs + RESOLUTION_MS, measuredAt: heardWall },
    ].slice(-REMEMBERED);
    const median = this.#samples.toSorted((a, b) => a.offsetMs - b.offsetMs)[
      Math.floor((this.#samples.length - 1) / 2)
    ];
    this.#last = median === undefined ? null : { ...median, measuredAt: heardWall };
    writeStationValue(this.#options.sqlite, KEY, JSON.stringify(this.#last));
    this.#judge();
  }

  /** To be called now and then: whether the clock was set meanwhile. */
  look(): void {
    const apart = this.#apartNow();
    const byMs = apart - this.#apart;
    this.#apart = apart;
    if (Math.abs(byMs) < JUMP_MS) return;
    this.#samples = [];
    this.#judge();
    this.#options.jumped(byMs);
  }

  #apartNow(): number {
    const { clock } = this.#options;
    return clock.now() - clock.monotonic();
  }

  #judge(): void {
    const wasOff = this.#offSince !== null;
    // A clock that was called off stays so until it was measured again.
    if (this.state === 'off') this.#offSince ??= new Date(this.#options.clock.now()).toISOString();
    else if (this.state === 'trusted') this.#offSince = null;
    if (wasOff !== (this.#offSince !== null)) this.#options.changed();
  }
}
