/** Long work at the station's own things: one of each kind at a time, counted, cancellable, and still known when it is over. */
import type { MaintenanceJob, MaintenanceKind } from '../../contract/index.ts';
import { VantageError } from '../../contract/index.ts';
import type { Actor } from '../access/access.ts';
import type { Log } from '../clinic-api.ts';
import { codeOf, problemFrom } from '../problems.ts';

/** How often progress is told at most; a screen draws no faster. */
const TELL_EVERY_MS = 200;

/** What a piece of work gets. */
export interface JobWork {
  /** Aborted with CANCELLED. */
  readonly signal: AbortSignal;
  readonly progress: (done: number, total: number | null, unit: MaintenanceJob['unit']) => void;
}

export interface JobsOptions {
  readonly now: () => Date;
  readonly log: Log;
  /** Something is otherwise than it was. */
  readonly changed: () => void;
  /** Work for which the station was closed: it has ended, and is listed as the rest. */
  readonly before?: MaintenanceJob | null;
}

interface Running {
  readonly abort: AbortController;
  readonly ended: Promise<void>;
}

export class Jobs {
  readonly #options: JobsOptions;
  readonly #jobs = new Map<MaintenanceKind, MaintenanceJob>();
  readonly #running = new Map<MaintenanceKind, Running>();
  #toldMs = 0;
  #isClosed = false;

  constructor(options: JobsOptions) {
    this.#options = options;
    const { before = null } = options;
    if (before !== null) this.#jobs.set(before.kind, before);
  }

  get isWorking(): boolean {
    return this.#running.size > 0;
  }

  /** The last of each kind, as it is now. */
  list(): MaintenanceJob[] {
    return [...this.#jobs.values()];
  }

  /** Begins; does nothing where one of this kind runs already. @throws VantageError STATUS_CONFLICT when the station is closing. */
  start(kind: MaintenanceKind, by: Pick<Actor, 'name'>, run: (work: JobWork) => Promise<void>): void {
    if (this.#isClosed) throw new VantageError('STATUS_CONFLICT', 'closing');
    if (this.#running.has(kind)) return;
    const abort = new AbortController();
    this.#jobs.set(kind, {
      kind,
      state: 'running',
      byName: by.name,
      startedAt: this.#at(),
      endedAt: null,
      done: 0,
      total: null,
      unit: null,
      problem: null,
    });
    const ended = run({
      signal: abort.signal,
      progress: (done, total, unit) => this.#progress(kind, { done, total, unit }),
    }).then(
      () => this.#end(kind, { state: 'done' }),
      (error: unknown) => {
        if (codeOf(error) === 'CANCELLED') {
          this.#end(kind, { state: 'cancelled' });
          return;
        }
        this.#options.log.error({ kind, code: codeOf(error) }, 'maintenance stopped');
        this.#end(kind, { state: 'failed', problem: problemFrom(error, this.#options.now()) });
      },
    );
    this.#running.set(kind, { abort, ended });
    this.#options.changed();
  }

  cancel(kind: MaintenanceKind): void {
    this.#running.get(kind)?.abort.abort(new VantageError('CANCELLED'));
  }

  /** Stops everything and waits until it has stopped. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const running = [...this.#running.values()];
    for (const { abort } of running) abort.abort(new VantageError('CANCELLED'));
    await Promise.all(running.map(({ ended }) => ended));
  }

  #progress(kind: MaintenanceKind, counted: Pick<MaintenanceJob, 'done' | 'total' | 'unit'>): void {
    const job = this.#jobs.get(kind);
    if (job?.state !== 'running') return;
    this.#jobs.set(kind, { ...job, ...counted });
    const nowMs = performance.now();
    if (nowMs - this.#toldMs < TELL_EVERY_MS) return;
    this.#toldMs = nowMs;
    this.#options.changed();
  }

  #end(kind: MaintenanceKind, outcome: Partial<MaintenanceJob>): void {
    this.#running.delete(kind);
    const job = this.#jobs.get(kind);
    if (job !== undefined) this.#jobs.set(kind, { ...job, ...outcome, endedAt: this.#at() });
    this.#options.changed();
  }

  #at(): string {
    return this.#options.now().toISOString();
  }
}
