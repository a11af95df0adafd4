/**
 * Does the work that is due on files (`jobs.ts`), a few at a time: reads back what arrived and, from time to time, what lies there;
 * gives up what nobody finished; sees whether sessions are complete. What was under way when the process died is due again soon after.
 */
import type { Logger } from 'pino';
import { UPLOAD_LIMITS, newId } from '../../../electron/contract/index.ts';
import { lockWrites, withScope } from '../../database/scope.ts';
import type { FileCounters } from './file-counters.ts';
import type { Job, JobKind } from './jobs.ts';
import {
  CLAIM_MS,
  claimJobs,
  countDue,
  finish,
  finishAll,
  keeperScope,
  postpone,
  renewClaim,
  schedule,
} from './jobs.ts';
import { sessionsToSettle, settleSession } from './settle-session.ts';
import type { VerifyContext } from './verify-file.ts';
import { verifyFile } from './verify-file.ts';

const MS_PER_DAY = 86_400_000;
const FIRST_RETRY_MS = 2_000;
const LONGEST_RETRY_MS = 10 * 60_000;

const OF_FILES: readonly JobKind[] = ['verify', 'expire', 'erase'];
/** Sessions that are looked through at a time: most of them only to see that their turn has not come, which takes one look for all. */
const SESSIONS_AT_ONCE = 100;

export interface KeeperOptions extends VerifyContext {
  readonly log: Logger;
  readonly count: FileCounters;
  /** Jobs on files at a time. */
  readonly atOnce: number;
  /** How often it looks without being told. */
  readonly pollMs: number;
}

export class FileKeeper {
  readonly #options: KeeperOptions;
  readonly #id = newId();
  readonly #stopped = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #settling: Promise<void> | null = null;
  #countedAt = -Infinity;
  #looking: Promise<void> = Promise.resolve();
  #woken = false;
  #wake: () => void = () => {};

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  start(): void {
    this.#looking = this.#look();
  }

  /** Something may be due now. */
  wake(): void {
    this.#woken = true;
    this.#wake();
  }

  /** Ends what is under way; it is due again for the next that starts. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    this.wake();
    await this.#looking;
    await Promise.all([...this.#running, this.#settling]);
  }

  async #look(): Promise<void> {
    const { database, now, atOnce, pollMs, log } = this.#options;
    while (!this.#stopped.signal.aborted) {
      this.#woken = false;
      try {
        const limit = atOnce - this.#running.size;
        const jobs = limit > 0 ? await claimJobs(database, this.#id, { kinds: OF_FILES, limit }, now()) : [];
        for (const job of jobs) {
          const work = this.#do(job).finally(() => {
            this.#running.delete(work);
            this.wake();
          });
          this.#running.add(work);
        }
        this.#settling ??= this.#settle().finally(() => {
          this.#settling = null;
        });
        await this.#count();
      } catch (error) {
        log.warn({ err: error }, 'work on files was not looked for');
      }
      if (!this.#woken) await this.#pause(pollMs);
    }
  }

  /** All of what is due is counted: not each time that one of it is done. */
  async #count(): Promise<void> {
    const { database, now, count, pollMs } = this.#options;
    if (this.#woken && performance.now() - this.#countedAt < pollMs) return;
    this.#countedAt = performance.now();
    count.due(await countDue(database, now()));
  }

  /** Sessions one after the other, until none is due; each of them waits for the tenant's turn to write. */
  async #settle(): Promise<void> {
    const { database, now, log } = this.#options;
    const wanted = { kinds: ['settle'], limit: SESSIONS_AT_ONCE } as const;
    try {
      let jobs: readonly Job[];
      do {
        jobs = await claimJobs(database, this.#id, wanted, now());
        for (const [tenantId, ofTenant] of Map.groupBy(jobs, (job) => job.tenantId)) {
          for (const job of await this.#withoutVain(tenantId, ofTenant)) {
            if (this.#stopped.signal.aborted) return;
            await this.#do(job);
          }
        }
      } while (jobs.length === wanted.limit && !this.#stopped.signal.aborted);
    } catch (error) {
      // Their claims run out by themselves.
      log.warn({ err: error }, 'sessions were not looked at');
    }
  }

  /** Within the tenant's turn: a document that arrives meanwhile makes its session due again afterwards. */
  async #withoutVain(tenantId: string, jobs: readonly Job[]): Promise<readonly Job[]> {
    return withScope(this.#options.database, keeperScope(tenantId), async (tx) => {
      await lockWrites(tx);
      const ids = jobs.map(({ subjectId }) => subjectId);
      const wanted = await sessionsToSettle(tx, tenantId, ids);
      const vain = ids.filter((id) => !wanted.has(id));
      if (vain.length > 0) await finishAll(tx, { tenantId, kind: 'settle' }, vain);
      return jobs.filter(({ subjectId }) => wanted.has(subjectId));
    });
  }

  /** Until it is woken, at most this long. */
  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.#woken) this.#wake();
    });
  }

  async #do(job: Job): Promise<void> {
    const { database, now, log, count } = this.#options;
    const renewal = setInterval(() => {
      renewClaim(database, job, this.#id, now()).catch((error: unknown) =>
        log.warn({ err: error }, 'a claim was not renewed'),
      );
    }, CLAIM_MS / 3);
    try {
      await this.#work(job);
    } catch (error) {
      clearInterval(renewal);
      const stopped = this.#stopped.signal.aborted;
      if (!stopped) {
        log.error({ err: error, kind: job.kind, attempts: job.attempts }, 'work on a file failed');
        count.failed(job.kind);
      }
      const waitMs = stopped ? 0 : Math.min(FIRST_RETRY_MS * 2 ** job.attempts, LONGEST_RETRY_MS);
      // Where this fails, too, the claim runs out by itself.
      await postpone(database, job, this.#id, new Date(now().getTime() + waitMs)).catch((failure: unknown) =>
        log.warn({ err: failure }, 'work on a file was not put off'),
      );
    } finally {
      clearInterval(renewal);
    }
  }

  async #work(job: Job): Promise<void> {
    const { database, now, count, log } = this.#options;
    if (job.kind === 'verify') {
      const begunAt = performance.now();
      const done = await verifyFile(this.#options, job, this.#stopped.signal);
      if (done === null) return;
      count.checked(done, (performance.now() - begunAt) / 1000);
      if (done.result === 'differs')
        log.error({ fileId: job.subjectId, occasion: done.occasion }, 'a stored file differs');
      return;
    }
    if (job.kind === 'erase') return this.#erase(job);
    await withScope(database, keeperScope(job.tenantId), async (tx) => {
      if (job.kind === 'expire') return expire(tx, job, now());
      await lockWrites(tx);
      await settleSession(tx, job.tenantId, job.subjectId, now());
      return finish(tx, job, null);
    });
    if (job.kind === 'expire') this.wake();
  }

  /** First the bytes; the row stays for as long as its station may still ask for it. */
  async #erase(job: Job): Promise<void> {
    const { database, store, now } = this.#options;
    const scope = keeperScope(job.tenantId);
    const file = await withScope(database, scope, async (tx) =>
      tx.selectFrom('files').select(['state', 'ended_at']).where('id', '=', job.subjectId).executeTakeFirst(),
    );
    const isGone = file?.state === 'gone';
    if (isGone) await store.keepOnly({ tenantId: job.tenantId, fileId: job.subjectId }, new Set());
    await withScope(database, scope, async (tx) => {
      if (!isGone) return finish(tx, job, null);
      await tx.deleteFrom('file_segments').where('file_id', '=', job.subjectId).execute();
      const until = new Date((file.ended_at ?? now()).getTime() + UPLOAD_LIMITS.keepDays * MS_PER_DAY);
      if (until > now()) return finish(tx, job, until);
      await tx.deleteFrom('files').where('id', '=', job.subjectId).where('state', '=', 'gone').execute();
      return finish(tx, job, null);
    });
  }
}

/** Gives an upload up that nobody went on with; one that was gone on with is looked at again later. */
async function expire(tx: Parameters<typeof finish>[0], job: Job, now: Date): Promise<void> {
  const file = await tx
    .selectFrom('files')
    .select(['state', 'expires_at'])
    .where('id', '=', job.subjectId)
    .forUpdate()
    .executeTakeFirst();
  if (file?.state !== 'partial') return finish(tx, job, null);
  if (file.expires_at > now) return finish(tx, job, file.expires_at);
  await tx
    .updateTable('files')
    .set({ state: 'gone', writer: null, ended_at: now })
    .where('id', '=', job.subjectId)
    .execute();
  await schedule(tx, job.tenantId, 'erase', job.subjectId, now);
  return finish(tx, job, null);
}
