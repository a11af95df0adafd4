import { describe, expect, it } from 'vitest';
import { ManualClock } from '../testing/manual-clock.ts';
import { Pace, SpeedMeter } from './pace.ts';

const signal = new AbortController().signal;

describe('a limit', () => {
  it('is kept over many parts, and the first needs not wait', async () => {
    const clock = new ManualClock();
    const pace = new Pace(clock, () => 1000);
    let sent = 0;
    const sending = (async () => {
      for (; sent < 20_000; sent += 500) await pace.take(500, signal);
    })();
    await clock.advance(0);
    expect(sent).toBe(500);
    await clock.advance(10_000);
    expect(sent).toBeGreaterThan(10_000);
    expect(sent).toBeLessThanOrEqual(11_000);
    await clock.advance(20_000);
    await sending;
    expect(clock.monotonic()).toBe(30_000);
  });

  it('that is lifted holds up nobody any longer', async () => {
    const clock = new ManualClock();
    let limit: number | null = 1;
    const pace = new Pace(clock, () => limit);
    await pace.take(1_000_000, signal);
    const waiting = pace.take(1, signal);
    limit = null;
    await clock.advance(1000);
    await expect(waiting).resolves.toBeUndefined();
  });

  it('that is waited for is waited for no longer when the sending ends', async () => {
    const pace = new Pace(new ManualClock(), () => 1);
    const ending = new AbortController();
    await pace.take(1_000_000, signal);
    const ended = pace.take(1, ending.signal);
    const reason = new Error('closing');
    ending.abort(reason);
    await expect(ended).rejects.toBe(reason);
  });
});

describe('the speed', () => {
  it('is what was acknowledged in the last minute of sending, and null while there is nothing to go by', async () => {
    const clock = new ManualClock();
    const meter = new SpeedMeter(clock);
    expect(meter.bytesPerSecond()).toBeNull();
    const stop = meter.begin();
    meter.acknowledged(1_000_000);
    expect(meter.bytesPerSecond()).toBeNull();
    await clock.advance(10_000);
    expect(meter.bytesPerSecond()).toBe(100_000);
    await clock.advance(120_000);
    expect(meter.bytesPerSecond()).toBeNull();
    meter.acknowledged(600_000);
    expect(meter.bytesPerSecond()).toBe(10_000);
    stop();
    expect(meter.bytesPerSecond()).toBeNull();
  });
});
