/**
 * Sends the audit trail to the cloud, segment by segment, from the last acknowledged entry. The cloud compares what it has already, so
 * a trail that was changed here, or put back from an older copy, is noticed; it is told to people and never mended by itself.
 */
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { z } from 'zod';
import type { AuditEntry, AuditSegmentResponse, Problem, ProblemCode } from '../../contract/index.ts';
import {
  CLOUD_PATHS,
  CONTRACT_VERSION,
  PUT_BACK_ACTIONS,
  SYNC_LIMITS,
  auditSegmentResponseSchema,
} from '../../contract/index.ts';
import { readAudit } from '../audit/index.ts';
import type { Log } from '../clinic-api.ts';
import { codeOf } from '../problems.ts';
import { readStationValue, writeStationValue } from '../store/station-values.ts';
import type { SyncClock } from './clock.ts';
import type { CloudClient } from './cloud-client.ts';
import type { LinkedAbort } from './linked-abort.ts';
import { linkedAbort } from './linked-abort.ts';

const KEY = 'audit-sent';
const sentSchema = z.object({
  /** Of the last acknowledged entry. */
  sequence: z.number().int().nonnegative(),
  at: z.iso.datetime(),
});

/** Entries are gathered for so long: reading a list of patients writes one. */
const GATHER_MS = 15_000;
const FIRST_RETRY_MS = 2000;
const LONGEST_RETRY_MS = 5 * 60_000;
/** JSON of one segment to aim at; the API takes 8 MiB. */
const SEGMENT_BYTES = 4 * 1024 * 1024;

export interface AuditPushOptions {
  readonly sqlite: Database;
  readonly client: Pick<CloudClient, 'post'>;
  readonly clock: SyncClock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly ready: (signal: AbortSignal) => Promise<void>;
  readonly log: Log;
  /** What this tells is another. */
  readonly changed: () => void;
}

export class AuditPush {
  readonly #options: AuditPushOptions;
  readonly #closing = new AbortController();
  #waiting: LinkedAbort | null = null;
  #done: Promise<void> = Promise.resolve();
  /** Whether the cloud's trail was compared with ours since the start. */
  #compared = false;
  #failures = 0;
  #problem: Problem | null = null;

  constructor(options: AuditPushOptions) {
    this.#options = options;
  }

  /** TRAIL_BROKEN or TRAIL_BEHIND: nothing is sent until somebody has seen to it. */
  get problem(): Problem | null {
    return this.#problem;
  }

  /** Entries that the cloud has not acknowledged. */
  unsent(): number {
    return Math.max(0, this.#head() - this.#sent());
  }

  /** When the oldest of them was written, ISO 8601; null where there is none. */
  oldestUnsentAt(): string | null {
    return readAudit(this.#options.sqlite, { afterSequence: this.#sent(), limit: 1 })[0]?.at ?? null;
  }

  start(): void {
    this.#done = this.#run();
  }

  /** Now, and also what was stopped by a problem: somebody may have mended it. */
  tryNow(): void {
    this.#failures = 0;
    this.#compared = false;
    this.#waiting?.abort(null);
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('closed'));
    await this.#done;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        await this.#options.ready(signal);
        // A trail that does not hold is sent again only when somebody asks.
        if (this.#problem === null || !this.#compared) await this.#sendAll(signal);
        this.#failures = 0;
        await this.#wait(GATHER_MS);
      } catch (error) {
        if (signal.aborted) return;
        this.#failures += 1;
        this.#options.log.debug({ code: codeOf(error) }, 'the audit trail could not be sent; going on later');
        const wait = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#failures - 1));
        await this.#wait(wait * (0.5 + this.#options.random()));
      }
    }
  }

  async #sendAll(signal: AbortSignal): Promise<void> {
    for (;;) {
      const sent = this.#sent();
      // At first the last acknowledged entry goes along: the answer tells whether the cloud has the same, and how many more.
      const from = this.#compared ? sent + 1 : Math.max(1, sent);
      const entries = this.#segment(from, this.#compared ? SYNC_LIMITS.auditEntries : 1);
      const [first] = entries;
      const last = entries.at(-1);
      if (first === undefined || last === undefined) {
        if (this.#head() < sent) this.#stop('TRAIL_BEHIND', `the trail ends at ${this.#head()}, sent were ${sent}`);
        return;
      }
      const request = { contractVersion: CONTRACT_VERSION, entries };
      const answer = await this.#options.client.post(CLOUD_PATHS.audit, request, auditSegmentResponseSchema, {
        signal,
      });
      if (!this.#taken(answer, last)) return;
    }
  }

  /** @returns whether to go on */
  #taken({ verdict, count, expected }: AuditSegmentResponse, last: AuditEntry): boolean {
    if (verdict === 'broken') {
      this.#stop('TRAIL_BROKEN', `the cloud has ${count} entries and does not take what follows`);
      return false;
    }
    if (verdict === 'gap') {
      // The cloud has less than it acknowledged: it came back from a copy of its own.
      this.#options.log.warn({ expected }, 'the cloud asks for entries of the audit trail that it had acknowledged');
      this.#keep(expected - 1);
      return true;
    }
    const isFirstAnswer = !this.#compared;
    this.#compared = true;
    // Put back from an older copy, and saying so: the cloud takes that as a branch.
    if (count > this.#head() && this.#putBackAfter(last.sequence)) {
      if (last.sequence > this.#sent()) this.#keep(last.sequence);
      return true;
    }
    if (count > this.#head()) {
      this.#stop('TRAIL_BEHIND', `the trail ends at ${this.#head()}, the cloud has ${count}`);
      return false;
    }
    if (this.#problem !== null) {
      this.#problem = null;
      this.#options.changed();
    }
    if (last.sequence > this.#sent()) this.#keep(last.sequence);
    return isFirstAnswer || this.#head() > this.#sent();
  }

  #putBackAfter(sequence: number): boolean {
    const found = this.#options.sqlite
      .prepare(
        `SELECT 1 FROM audit WHERE sequence > ? AND action IN (${PUT_BACK_ACTIONS.map(() => '?').join(', ')}) LIMIT 1`,
      )
      .get(sequence, ...PUT_BACK_ACTIONS);
    return found !== undefined;
  }

  #stop(code: ProblemCode, detail: string): void {
    this.#compared = true;
    if (this.#problem?.code === code) return;
    this.#problem = { code, detail, at: new Date(this.#options.clock.now()).toISOString() };
    this.#options.log.error({ code }, 'the audit trail is not the one that the cloud has');
    this.#options.changed();
  }

  #segment(from: number, limit: number): AuditEntry[] {
    const entries = readAudit(this.#options.sqlite, { afterSequence: from - 1, limit });
    let bytes = 0;
    const fitting = entries.findIndex((entry) => {
      bytes += Buffer.byteLength(JSON.stringify(entry));
      return bytes > SEGMENT_BYTES;
    });
    return fitting === -1 ? entries : entries.slice(0, Math.max(1, fitting));
  }

  #head(): number {
    return (
      this.#options.sqlite.prepare<[], { last: number | null }>('SELECT max(sequence) AS last FROM audit').get()
        ?.last ?? 0
    );
  }

  #sent(): number {
    const text = readStationValue(this.#options.sqlite, KEY);
    return text === null ? 0 : sentSchema.parse(JSON.parse(text)).sequence;
  }

  #keep(sequence: number): void {
    const at = new Date(this.#options.clock.now()).toISOString();
    writeStationValue(this.#options.sqlite, KEY, JSON.stringify({ sequence, at }));
    this.#options.changed();
  }

  async #wait(ms: number): Promise<void> {
    const waiting = linkedAbort(this.#closing.signal);
    this.#waiting = waiting;
    // Cut short by whoever closes or wants it now.
    await this.#options.clock.sleep(ms, waiting.signal).catch(() => null);
    this.#waiting = null;
    waiting.release();
  }
}
