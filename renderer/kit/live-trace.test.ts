import { describe, expect, it } from 'vitest';
import { LiveTrace, rangeFor } from './live-trace.ts';

describe('a live trace', () => {
  it('shows twenty seconds by the station’s clock, whatever this screen’s says', () => {
    const trace = new LiveTrace();
    trace.push({ atMs: 1_009_500, value: 1 }, 14_500);
    trace.push({ atMs: 1_010_000, value: 2 }, 15_000);
    expect(trace.window(15_000)).toEqual([
      [-0.5, 0],
      [1, 2],
    ]);
  });
  it('breaks the line where nothing was heard', () => {
    const trace = new LiveTrace();
    trace.push({ atMs: 1000, value: 1 }, 1000);
    trace.push({ atMs: 9000, value: 2 }, 9000);
    expect(trace.window(9000)[1]).toEqual([1, null, 2]);
  });
  it('stays bounded', () => {
    const trace = new LiveTrace(100);
    for (let index = 0; index < 10_000; index += 1) trace.push({ atMs: index, value: index }, index);
    expect(trace.window(9_999)[0].length).toBeLessThanOrEqual(100);
  });
  it('closes in on a value at rest and opens while it moves', () => {
    expect(rangeFor([72.44, 72.45, 72.46], null)).toEqual([71.5, 73.5]);
    const [low, high] = rangeFor([0, 20, 60, 80], null);
    expect(low).toBeLessThan(0);
    expect(high).toBeGreaterThan(80);
    expect(rangeFor([72.5], [71.5, 73.5])).toEqual([71.5, 73.5]);
  });
});
