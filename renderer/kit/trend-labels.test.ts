import { describe, expect, it } from 'vitest';
import { labelledPlaces } from './trend-labels.ts';

describe('dates below a small chart', () => {
  it('all stand where there is room', () => {
    expect([...labelledPlaces(5, 220)]).toEqual([0, 1, 2, 3, 4]);
  });

  it('leave some out rather than touch, never the last', () => {
    expect([...labelledPlaces(5, 140)]).toEqual([0, 2, 4]);
    expect([...labelledPlaces(6, 140)]).toEqual([1, 3, 5]);
    expect([...labelledPlaces(30, 140)].at(-1)).toBe(29);
  });

  it('stand alone with a single point', () => {
    expect([...labelledPlaces(1, 0)]).toEqual([0]);
  });
});
