/**
 * Delivers intents to the cloud's workflows: in order per subject, several subjects side by side, at least once and effective exactly
 * once. Whatever happens, an intent is either still in its table or the cloud has answered it.
 */
import type { AuditEntryInput, Problem, ProblemCode } from '../../contract/index.ts';
import { VantageError } from '../../contract/index.ts';
import type { Log } from '../clinic-api.ts';
import { codeOf } from '../problems.ts';
import type { Store } from '../store/index.ts';
import type { SyncClock } from '../sync/clock.ts';
import { traced } from '../telemetry/traces.ts';
import { linkedAbort } from '../sync/linked-abort.ts';
import type { LinkedAbort } from '../sync/linked-abort.ts';
import { backoffMs } from './backoff.ts';
import { heedGate } from './held-reviews.ts';
import { OutboxGates } from './outbox-gates.ts';
import { decide, entryById, nextOfEachSubject, noteFailure, settle } from './outbox-rows.ts';
import type { OutboxEntry } from './outbox-rows.ts';
import { tellReturnedReview } from './returned-review.ts';
import { isDoubtful, setAside, settleProven } from './restored-requests.ts';
import type { DeliveryResult, OutboxRequest, Sender } from './sender.ts';
import { isStart, requestOf, subjectOf } from './request-of.ts';

export interface OutboxOptions {
  readonly store: Store;
  /** Null: no workflows are configured, and what there is waits. */
  readonly sender: Sender | null;
  readonly clock: SyncClock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  /** Something that is told here is another. */
  readonly changed: () => void;
}

/** Who decided, as the audit trail has it. */
export type OutboxDecider = Pick<AuditEntryInput, 'actorId' | 'role'>;

/** Subjects side by side. */
const PARALLEL = 4;
/** With nothing to do the table is looked at all the same. */
const IDLE_MS = 60_000;

export class Outbox {
  readonly #options: OutboxOptions;
  readonly #gates: OutboxGates;
  /** By subject. */
  readonly #inFlight = new Map<string, { readonly id: string; readonly done: Promise<void> }>();
  /** Subjects whose first intent failed by itself: when they are tried again, by the monotonic clock. */
  readonly #later = new Map<string, number>();
  readonly #closing = new AbortController();
  #waiting: LinkedAbort | null = null;
  #woken = false;
  #done: Promise<void> = Promise.resolve();
  #heeded: Promise<void> = Promise.resolve();
  #unsubscribe: (() => void) | null = null;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#gates = new OutboxGates(options.clock, options.random);
  }

  get isConfigured(): boolean {
    return this.#options.sender !== null;
  }

  get gates(): Pick<OutboxGates, 'line' | 'isUnattended'> {
    return this.#gates;
  }

  /** Ids of the intents that are under way. */
  get delivering(): ReadonlySet<string> {
    return new Set([...this.#inFlight.values()].map(({ id }) => id));
  }

  start(): void {
    if (this.#options.sender === null) return;
    // Intents are written with documents.
    const subscription = this.#options.store.changes().subscribe(({ collection, id }) => {
      if (collection === 'sessions') this.#heed(id);
      this.#wake();
    });
    this.#heed(null);
    this.#unsubscribe = () => subscription.unsubscribe();
    this.#done = this.#run(this.#options.sender);
  }

  /** A person wants to know; or the network has changed. */
  tryNow(): void {
    if (this.#gates.tryNow()) this.#options.sender?.renew();
    this.#later.clear();
    this.#wake();
  }

  /** @throws VantageError STATUS_CONFLICT */
  async retry(id: string, by: OutboxDecider): Promise<void> {
    await this.#decide(id, 'waiting', by);
  }

  /** @throws VantageError STATUS_CONFLICT */
  async discard(id: string, by: OutboxDecider): Promise<void> {
    await this.#decide(id, 'discarded', by);
  }

  /** The store can be closed afterwards. What was under way is delivered again at the next start. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('closed'));
    this.#unsubscribe?.();
    await this.#done;
    await Promise.all([...this.#inFlight.values()].map(({ done }) => done));
    await this.#heeded;
    await this.#options.sender?.close();
  }

  async #decide(id: string, decision: 'waiting' | 'discarded', by: OutboxDecider): Promise<void> {
    const { store, clock, changed } = this.#options;
    const at = new Date(clock.now()).toISOString();
    await store.transaction((tx) => {
      const entry = entryById(tx.sqlite, id);
      if (entry === null || !decide(tx.sqlite, id, decision, at)) throw new VantageError('STATUS_CONFLICT', 'intent');
      tx.audit({
        ...by,
        at,
        action: decision === 'waiting' ? 'intent.retried' : 'intent.discarded',
        subjectKind: subjectOf(entry.kind),
        subjectId: entry.subjectId,
        detail: { intentId: id, kind: entry.kind, was: entry.state },
      });
      this.#later.delete(entry.subjectId);
    });
    changed();
    this.#wake();
  }

  async #run(sender: Sender): Promise<void> {
    const { clock, log } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      this.#woken = false;
      let waitMs = IDLE_MS;
      try {
        waitMs = this.#fill(sender);
      } catch (error) {
        log.error({ code: codeOf(error) }, 'the outbox could not be read');
      }
      if (this.#woken) continue;
      this.#waiting = linkedAbort(signal);
      await clock.sleep(waitMs, this.#waiting.signal).catch(() => null);
      this.#waiting.release();
      this.#waiting = null;
    }
  }

  /** Begins what can be begun. @returns how long nothing more is to be done, in ms. */
  #fill(sender: Sender): number {
    const { store, clock } = this.#options;
    const now = clock.monotonic();
    for (const [subjectId, dueAt] of this.#later) if (dueAt <= now) this.#later.delete(subjectId);
    const room = this.#gates.room(PARALLEL, this.#inFlight.size);
    if (room === 0) return this.#gates.lineWaitMs(IDLE_MS);
    let messages = this.#gates.messageRoom(PARALLEL);
    const limit = PARALLEL + this.#inFlight.size + this.#later.size;
    const startsOnly = messages === 0;
    // What failed before never stands in the way of what was not tried yet.
    const next = [false, true].flatMap((tried) => nextOfEachSubject(store.sqlite, limit, { startsOnly, tried }));
    let begun = 0;
    for (const entry of next) {
      if (begun === room) break;
      if (this.#inFlight.has(entry.subjectId) || this.#later.has(entry.subjectId)) continue;
      const isMessage = !isStart(entry.kind);
      if (isMessage && messages === 0) continue;
      if (isMessage) messages -= 1;
      begun += 1;
      this.#begin(sender, entry);
    }
    const waits = [...this.#later.values()].map((dueAt) => dueAt - now);
    return Math.max(0, Math.min(IDLE_MS, this.#gates.workerWaitMs(IDLE_MS), ...waits));
  }

  #begin(sender: Sender, entry: OutboxEntry): void {
    const done = this.#deliver(sender, entry)
      .catch((error: unknown) => {
        // It is delivered again, which changes nothing in the cloud.
        this.#options.log.error({ code: codeOf(error), intentId: entry.id }, 'a delivery could not be noted');
        this.#putOff(entry);
      })
      .finally(() => {
        this.#inFlight.delete(entry.subjectId);
        this.#options.changed();
        this.#wake();
      });
    this.#inFlight.set(entry.subjectId, { id: entry.id, done });
    this.#options.changed();
  }

  async #deliver(sender: Sender, entry: OutboxEntry): Promise<void> {
    const { signal } = this.#closing;
    const { store, clock } = this.#options;
    if (isDoubtful(store.sqlite, entry, clock.now())) {
      await setAside(store, entry, new Date(clock.now()).toISOString());
      return;
    }
    const request = asRequest(entry);
    const parent = typeof entry.payload['traceparent'] === 'string' ? entry.payload['traceparent'] : null;
    const span = { parent, attributes: { 'vantage.intent.kind': entry.kind } };
    const result =
      request === null ? SHAPE_WRONG : await traced('deliver', span, async () => sender.deliver(request, signal));
    if (signal.aborted && result.kind !== 'delivered' && result.kind !== 'refused') return;
    if (request !== null && this.#gates.observe(result, request.message !== null) === 'renew') sender.renew();
    await this.#note(entry, result);
  }

  async #note(entry: OutboxEntry, result: DeliveryResult): Promise<void> {
    const { store, clock, log } = this.#options;
    const { id, kind, subjectId } = entry;
    const at = new Date(clock.now()).toISOString();
    const problem = (code: ProblemCode, detail: string): Problem => ({ code, detail, at });
    switch (result.kind) {
      case 'delivered':
        this.#later.delete(subjectId);
        await store.transaction(({ sqlite }) => settle(sqlite, id, { state: 'delivered', answer: result.answer, at }));
        // What became of it may have come before its answer.
        if (result.answer === 'held') this.#heed(subjectId);
        return;
      case 'refused':
        log.warn({ intentId: id, kind, reason: result.reason }, 'a workflow did nothing of a request');
        await store.transaction((tx) => {
          settle(tx.sqlite, id, { state: 'returned', problem: problem('REQUEST_REFUSED', result.reason) });
          tellReturnedReview(tx, entry);
        });
        return;
      case 'invalid':
        log.error({ intentId: id, kind, reason: result.code }, 'a request can not be sent as it is');
        await store.transaction(({ sqlite }) =>
          settle(sqlite, id, { state: 'dead', problem: problem('REQUEST_INVALID', result.code) }),
        );
        return;
      case 'unattended':
      case 'failed': {
        const isFailed = result.kind === 'failed';
        if (isFailed) log.warn({ intentId: id, kind, reason: result.code }, 'a request failed; going on later');
        this.#putOff(entry);
        const found = isFailed ? problem('REQUEST_FAILED', result.code) : problem('WORKFLOWS_UNATTENDED', '');
        await store.transaction(({ sqlite }) => noteFailure(sqlite, id, found));
        return;
      }
      case 'away':
      case 'denied':
      case 'keyless':
        // Says nothing about this one: the line waits, and with it everything.
        return;
      default:
        return result satisfies never;
    }
  }

  /** Looks what the gate made of reviews that a workflow had held. @param sessionId null: of all visits */
  #heed(sessionId: string | null): void {
    const { store, clock, log, changed } = this.#options;
    const former = this.#heeded;
    const next = async (): Promise<void> => {
      await former;
      const isDecided = await heedGate(store, sessionId);
      const isProven = await settleProven(store, sessionId, new Date(clock.now()).toISOString());
      if (isDecided || isProven) changed();
      if (isProven) this.#wake();
    };
    this.#heeded = next().catch((error: unknown) => {
      log.error({ code: codeOf(error) }, 'what became of a review could not be noted');
    });
  }

  #putOff({ subjectId, attempts }: OutboxEntry): void {
    const { clock, random } = this.#options;
    this.#later.set(subjectId, clock.monotonic() + backoffMs(attempts + 1, random));
  }

  #wake(): void {
    this.#woken = true;
    this.#waiting?.abort(null);
  }
}

const SHAPE_WRONG: DeliveryResult = { kind: 'invalid', code: 'SHAPE' };

/** Null: it is not what the workflows take, and never goes out. */
function asRequest(entry: OutboxEntry): OutboxRequest | null {
  try {
    return requestOf(entry);
  } catch {
    return null;
  }
}
