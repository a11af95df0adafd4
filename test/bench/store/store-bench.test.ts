import { describe, expect, it } from 'vitest';
import type { Row } from '../bench.ts';
import { BARE_ROWS, BARE_SIZES, bareRows } from './bare-rows.ts';
import { RXDB_SIZES, trialRows } from './rxdb-rows.ts';

function expectComplete(row: Row): void {
  expect(row.ours).toBeGreaterThan(0);
  expect(row.reference).toBeGreaterThan(0);
  expect(row.ratio).toBeGreaterThan(0);
  expect(row).toMatchObject({ unit: 'ms', met: expect.any(Boolean) as boolean, goal: expect.any(Number) as number });
}

/** Processes that load the whole store, on a machine that may be busy with other tests. */
const TIMEOUT_MS = 180_000;

describe('the bench of the store, at a size that proves only that it runs', { timeout: TIMEOUT_MS }, () => {
  it('does the same work on both sides and gives a row for each measure', async () => {
    const printed: string[] = [];
    const sizes = { visits: 6, rounds: 1, batchVisits: 3, idsPerRound: 5, writesPerRound: 2, freshProcesses: 0 };
    const rows = await bareRows(
      { ...BARE_SIZES, ...sizes },
      () => true,
      (line) => printed.push(line),
    );
    expect(rows.map((row) => row.measure).toSorted()).toEqual(BARE_ROWS.toSorted());
    rows.forEach(expectComplete);
    expect(printed.join('\n')).toContain('6 visits with 60 captures, seed');
  });

  it("runs RxDB's test and compares with those that keep what they are given", async () => {
    const sizes = { runs: 1, trialDocuments: 30, waitBetweenTests: 0 };
    const names = ['sqlite-trial', 'ours-plain', 'sqlite-trial-plugin', 'ours-encrypted'] as const;
    const rows = await trialRows({ ...RXDB_SIZES, ...sizes }, () => undefined, names);
    rows.forEach(expectComplete);
    const free = rows.filter((row) => row.measure.endsWith('-vs-best-free'));
    const plugin = rows.filter((row) => row.measure.endsWith('-encrypted-vs-plugin'));
    expect(free.map((row) => row.measure)).toContain('rxdb-time-to-first-insert-vs-best-free');
    expect([free.length, plugin.length]).toEqual([8, 8]);
    for (const { referenceName, met, ours, reference } of free) {
      expect(referenceName).toMatch(/^sqlite-trial/);
      expect(met).toBe(ours < (reference ?? 0));
    }
  });
});
