import { describe, expect, it } from 'vitest';
import { VantageError } from '../../contract/index.ts';
import { Jobs } from './jobs.ts';

const LOG = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const BY = { name: 'Aroha Tauira' };

function newJobs() {
  let told = 0;
  const jobs = new Jobs({ now: () => new Date('2026-11-21T09:00:00Z'), log: LOG, changed: () => (told += 1) });
  return { jobs, told: () => told };
}

/** Work that goes on until it is aborted. */
function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });
}

describe('long work', () => {
  it('counts while it runs and is still known when it is done', async () => {
    const { jobs, told } = newJobs();
    const go = Promise.withResolvers<void>();
    jobs.start('backup', BY, async ({ progress }) => {
      progress(3, 7, 'files');
      await go.promise;
    });
    expect(jobs.list()).toMatchObject([
      { kind: 'backup', state: 'running', done: 3, total: 7, unit: 'files', endedAt: null },
    ]);
    go.resolve();
    await jobs.close();
    expect(jobs.list()).toMatchObject([{ state: 'done', done: 3, endedAt: '2026-11-21T09:00:00.000Z', problem: null }]);
    expect(told()).toBeGreaterThan(1);
  });

  it('for which the station had been closed is listed as it ended, and does not keep another from beginning', async () => {
    const at = '2026-11-21T08:59:00.000Z';
    const before = {
      kind: 'key-change',
      state: 'failed',
      byName: BY.name,
      startedAt: at,
      endedAt: at,
      done: 0,
      total: null,
      unit: null,
      problem: { code: 'DISK_FULL', detail: '', at },
    } as const;
    const jobs = new Jobs({ now: () => new Date(at), log: LOG, changed: () => undefined, before });
    expect([jobs.list(), jobs.isWorking]).toEqual([[before], false]);
    jobs.start('backup', BY, async () => undefined);
    expect(jobs.isWorking).toBe(true);
    await jobs.close();
    expect(jobs.isWorking).toBe(false);
  });

  it('of one kind runs once, of two kinds side by side', async () => {
    const { jobs } = newJobs();
    let begun = 0;
    for (const kind of ['scrub', 'scrub', 'audit-check'] as const) {
      jobs.start(kind, BY, ({ signal }) => {
        begun += 1;
        return untilAborted(signal);
      });
    }
    expect(begun).toBe(2);
    await jobs.close();
  });

  it('is stopped on request, and that is no failure', async () => {
    const { jobs } = newJobs();
    jobs.start('scrub', BY, ({ signal }) => untilAborted(signal));
    jobs.cancel('scrub');
    jobs.cancel('backup');
    await jobs.close();
    expect(jobs.list()).toMatchObject([{ kind: 'scrub', state: 'cancelled', problem: null }]);
  });

  it('that fails says why, and can be begun again', async () => {
    const { jobs } = newJobs();
    jobs.start('backup', BY, async () => {
      throw new VantageError('DISK_FULL', '12 bytes free');
    });
    await Promise.resolve();
    await jobs.close();
    expect(jobs.list()).toMatchObject([{ state: 'failed', problem: { code: 'DISK_FULL', detail: '12 bytes free' } }]);
  });

  it('is not begun when the station is closing', async () => {
    const { jobs } = newJobs();
    await jobs.close();
    expect(() => jobs.start('backup', BY, async () => undefined)).toThrow('STATUS_CONFLICT');
  });
});
