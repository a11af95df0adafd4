import { array, assert, integer, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clockLaterThan, compareHlc, formatHlc, HybridClock, MAX_DRIFT_MS } from './hlc.ts';

describe('hybrid clock', () => {
  it('never goes back, whatever the wall clock does', () => {
    assert(
      property(array(integer({ min: 0, max: 1_000 }), { minLength: 2 }), (walls) => {
        let index = 0;
        const clock = new HybridClock('a', () => walls[Math.min(index++, walls.length - 1)] ?? 0);
        const ticks = walls.map(() => clock.tick());
        for (let i = 1; i < ticks.length; i += 1)
          expect(compareHlc(ticks[i - 1] ?? '', ticks[i] ?? '')).toBeLessThan(0);
      }),
    );
  });

  it('writes after what it has seen from another station', () => {
    const clock = new HybridClock('a', () => 1_000);
    const seen = formatHlc({ ms: 60_000, counter: 4, stationId: 'b' });
    expect(clock.observe(seen)).toEqual({ rebased: false });
    expect(compareHlc(seen, clock.tick())).toBeLessThan(0);
  });

  it('does not follow a clock beyond the bound, and does not refuse it either', () => {
    const clock = new HybridClock('a', () => 1_000);
    expect(clock.observe(formatHlc({ ms: 1_001 + MAX_DRIFT_MS, counter: 0, stationId: 'b' }))).toEqual({
      rebased: true,
    });
    expect(clock.tick()).toBe(formatHlc({ ms: 1_000, counter: 0, stationId: 'a' }));
  });

  it('follows what the cloud passes on, however far the own wall clock is behind', () => {
    const clock = new HybridClock('a', () => 1_000);
    const passedOn = formatHlc({ ms: 365 * 86_400_000, counter: 2, stationId: 'b' });
    clock.follow(passedOn);
    expect(compareHlc(passedOn, clock.tick())).toBeLessThan(0);
    clock.follow('no clock at all');
    expect(compareHlc(passedOn, clock.tick())).toBeLessThan(0);
  });

  it('comes after a clock that was seen, and is left as it is where it does', () => {
    const seen = formatHlc({ ms: 50, counter: 3, stationId: 'b' });
    const early = formatHlc({ ms: 50, counter: 3, stationId: 'a' });
    const late = formatHlc({ ms: 51, counter: 0, stationId: 'a' });
    expect(clockLaterThan(seen, early, 'a')).toBe(formatHlc({ ms: 50, counter: 4, stationId: 'a' }));
    expect(clockLaterThan(seen, late, 'a')).toBe(late);
    expect(clockLaterThan('no clock', early, 'a')).toBe(early);
  });

  it('comes after the last count of a millisecond as a clock that others can read', () => {
    const last = formatHlc({ ms: 50, counter: 999_999_999, stationId: 'b' });
    const next = formatHlc({ ms: 51, counter: 0, stationId: 'a' });
    const clock = new HybridClock('a', () => 50);
    clock.observe(last);
    expect([clockLaterThan(last, last, 'a'), clock.tick()]).toEqual([next, next]);
    expect(compareHlc(next, last)).toBeGreaterThan(0);
  });
});
