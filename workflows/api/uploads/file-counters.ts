/** What is counted of files for Prometheus: numbers by kind, never an id. */
import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';
import type { Appended } from './append.ts';
import type { JobKind } from './jobs.ts';
import type { Verification } from './verify-file.ts';

export class FileCounters {
  readonly #created: Counter<'as'>;
  readonly #received: Counter;
  readonly #appended: Counter<'end'>;
  readonly #writing: Gauge;
  readonly #checked: Counter<'occasion' | 'result'>;
  readonly #seconds: Histogram;
  readonly #due: Gauge<'kind'>;
  #writers = 0;
  readonly #failed: Counter<'kind'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#created = new Counter({
      name: 'vantage_uploads_created_total',
      help: 'Uploads asked for: new, going on with one that was begun, or known in full',
      labelNames: ['as'],
      registers,
    });
    this.#received = new Counter({
      name: 'vantage_uploads_received_bytes_total',
      help: 'Bytes of content that were stored',
      registers,
    });
    this.#appended = new Counter({
      name: 'vantage_uploads_appends_total',
      help: 'PATCH requests by how they ended',
      labelNames: ['end'],
      registers,
    });
    this.#writing = new Gauge({ name: 'vantage_uploads_writing', help: 'PATCH requests under way', registers });
    this.#checked = new Counter({
      name: 'vantage_files_checked_total',
      help: 'Files read back and hashed, after their upload and again later (scrub), by result',
      labelNames: ['occasion', 'result'],
      registers,
    });
    this.#seconds = new Histogram({
      name: 'vantage_files_check_seconds',
      help: 'How long reading a file back takes',
      buckets: [0.01, 0.05, 0.2, 1, 5, 20, 60, 300],
      registers,
    });
    this.#due = new Gauge({
      name: 'vantage_files_jobs_due',
      help: 'Work on files that waits',
      labelNames: ['kind'],
      registers,
    });
    this.#failed = new Counter({
      name: 'vantage_files_jobs_failed_total',
      help: 'Work on files that failed and is tried again',
      labelNames: ['kind'],
      registers,
    });
    for (const occasion of ['upload', 'scrub'] as const) {
      for (const result of ['verified', 'differs'] as const) this.#checked.inc({ occasion, result }, 0);
    }
  }

  readonly created = (as: 'new' | 'resumed' | 'known'): void => this.#created.inc({ as });
  readonly received = (bytes: number): void => this.#received.inc(bytes);
  readonly appended = (end: Appended | 'full'): void => this.#appended.inc({ end });
  readonly writing = (change: 1 | -1): void => {
    this.#writers += change;
    this.#writing.set(this.#writers);
  };
  /** PATCH requests under way. */
  get writers(): number {
    return this.#writers;
  }
  readonly checked = ({ occasion, result }: Verification, seconds: number): void => {
    this.#checked.inc({ occasion, result });
    this.#seconds.observe(seconds);
  };
  readonly due = (counts: ReadonlyMap<JobKind, number>): void => {
    for (const kind of ['verify', 'expire', 'erase', 'settle'] as const) this.#due.set({ kind }, counts.get(kind) ?? 0);
  };
  readonly failed = (kind: JobKind): void => this.#failed.inc({ kind });
}
