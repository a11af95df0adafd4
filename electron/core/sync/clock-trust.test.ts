import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareHlc } from '../../contract/index.ts';
import type { Store } from '../store/index.ts';
import { openStore } from '../store/index.ts';
import { CLOCK_LIMIT_MS, ClockTrust } from './clock-trust.ts';
import { ManualClock } from './testing/manual-clock.ts';

let directory: string;
let store: Store;
let clock: ManualClock;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'clock-trust-'));
  clock = new ManualClock();
  store = await openStore({
    directory,
    key: new Uint8Array(32).fill(7),
    now: () => clock.now(),
    stationId: '5b0c0000-0000-4000-8000-000000000001',
  });
});
afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true });
});

function trust() {
  const told = { jumps: [] as number[], changes: 0 };
  const made = new ClockTrust({
    clock,
    sqlite: store.sqlite,
    jumped: (byMs) => told.jumps.push(byMs),
    changed: () => (told.changes += 1),
  });
  /** One challenge: the cloud's clock is `aheadMs` before ours, and reads it `thereMs` after we asked. */
  const ask = async (aheadMs: number, thereMs = 20, backMs = 20): Promise<void> => {
    const askedAt = clock.monotonic();
    await clock.advance(thereMs);
    const serverMs = clock.now() + aheadMs;
    await clock.advance(backMs);
    made.take({ serverMs, askedAt, heardAt: clock.monotonic(), heardWall: clock.now() });
  };
  return { made, told, ask };
}

describe('the clock against the cloud’s', () => {
  it('is measured with its error, half of the round trip', async () => {
    const { made, ask } = trust();
    expect([made.state, made.offset, made.problem]).toEqual(['unknown', null, null]);
    await ask(-5000, 30, 30);
    expect(made.offset).toEqual({ offsetMs: 5000, errorMs: 31, measuredAt: clock.now() });
    expect(made.state).toBe('trusted');
  });

  it('is the middle of the last measurements: one slow way does not decide', async () => {
    const { made, ask } = trust();
    for (const [there, back] of [
      [20, 20],
      [20, 20],
      [8000, 20],
      [20, 8000],
      [20, 20],
    ] as const) {
      await ask(0, there, back);
    }
    expect(made.offset?.offsetMs).toBe(0);
  });

  it('is off beyond the limit, in words that say how far, and no longer when it was set right', async () => {
    const { made, told, ask } = trust();
    await ask(9 * 3_600_000);
    expect(made.state).toBe('off');
    expect(made.problem).toMatchObject({ code: 'CLOCK_OFF', detail: '32400 s behind the cloud' });
    clock.offset += 9 * 3_600_000;
    made.look();
    // Set, and not measured yet.
    expect([made.state, made.problem?.code]).toEqual(['unknown', 'CLOCK_OFF']);
    await ask(0);
    expect([made.state, made.problem, told.changes]).toEqual(['trusted', null, 2]);
  });

  it('is not called off where the way was so slow that it may be right', async () => {
    const { made, ask } = trust();
    await ask(CLOCK_LIMIT_MS - 2000, 8000, 0);
    expect(made.offset?.offsetMs).toBeLessThan(-CLOCK_LIMIT_MS);
    expect(made.state).toBe('trusted');
  });

  it('that jumps is noticed without a line; a night of small corrections is no jump', async () => {
    const { made, told } = trust();
    for (let hour = 0; hour < 8; hour += 1) {
      clock.offset += 500;
      await clock.advance(3_600_000);
      made.look();
    }
    expect(told.jumps).toEqual([]);
    clock.offset -= 3_600_000;
    made.look();
    made.look();
    expect(told.jumps).toEqual([-3_600_000]);
  });

  it('as last measured is known after a restart, and not trusted until it is measured again', async () => {
    const first = trust();
    await first.ask(-7000);
    const { made } = trust();
    expect(made.offset).toMatchObject({ offsetMs: 7000 });
    expect(made.state).toBe('unknown');
  });

  it('never moves the clock that orders documents', async () => {
    const before = store.clock.tick();
    const { ask } = trust();
    await ask(-9 * 3_600_000);
    clock.offset -= 9 * 3_600_000;
    const after = store.clock.tick();
    expect(compareHlc(after, before)).toBe(1);
  });
});
