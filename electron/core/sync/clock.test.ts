import { describe, expect, it } from 'vitest';
import { systemClock } from './clock.ts';

describe('waiting', () => {
  it('ends with the reason that the wait was given up for, at once when it was given up before', async () => {
    const controller = new AbortController();
    const waiting = systemClock.sleep(60_000, controller.signal);
    const reason = new Error('closing');
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await expect(systemClock.sleep(60_000, controller.signal)).rejects.toBe(reason);
  });

  it('takes at least as long as asked, by a clock that nobody can set', async () => {
    const before = systemClock.monotonic();
    await systemClock.sleep(20);
    // Timers count whole milliseconds.
    expect(systemClock.monotonic() - before).toBeGreaterThanOrEqual(19);
  });
});
