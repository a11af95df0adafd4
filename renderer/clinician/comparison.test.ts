import { describe, expect, it } from 'vitest';
import type { FindingValue } from '../../electron/contract/judgement.ts';
import { changeOf, rangeOf, regionRows } from './comparison.ts';

const value = (region: FindingValue['region'], of: number, standardError: number): FindingValue => ({
  measure: 'vessel-area',
  region,
  value: of,
  standardError,
  unit: 'percent',
});

describe('a change between two visits', () => {
  it('is real only beyond 2.77 times the error of one measure, when both have the same', () => {
    expect(changeOf({ value: 10, error: 0.3 }, { value: 10, error: 0.3 }).leastSignificant).toBeCloseTo(2.77 * 0.3, 2);
    expect(changeOf({ value: 10.82, error: 0.3 }, { value: 10, error: 0.3 }).real).toBe(false);
    expect(changeOf({ value: 10.84, error: 0.3 }, { value: 10, error: 0.3 }).real).toBe(true);
    expect(changeOf({ value: 9.16, error: 0.3 }, { value: 10, error: 0.3 }).real).toBe(true);
  });

  it('counts both errors', () => {
    const { standardError, leastSignificant } = changeOf({ value: 1, error: 3 }, { value: 1, error: 4 });
    expect(standardError).toBe(5);
    expect(leastSignificant).toBeCloseTo(9.8);
  });
});

describe('rows of a finding', () => {
  const today = [value('whole', 10.93, 0.24), value('lower-nasal', 6.89, 0.33)];

  it('have no change where nothing earlier can be compared', () => {
    expect(regionRows(today, null).map((row) => row.change)).toEqual([null, null]);
    expect(regionRows(today, [value('whole', 10.81, 0.24)])[1]?.change).toBeNull();
  });

  it('share one range that holds every band and bar', () => {
    const rows = regionRows(today, [value('whole', 10.81, 0.24), value('lower-nasal', 7.95, 0.34)]);
    expect(rows.map((row) => row.change?.real)).toEqual([false, true]);
    expect(rangeOf(rows)).toBe(2);
    expect(rangeOf([])).toBe(0.5);
  });
});
