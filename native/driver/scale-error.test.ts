import { describe, expect, it } from 'vitest';
import { inServiceErrorKg, largestDivisionKg, minimumCapacityKg } from './scale-error.ts';

describe('the error of a class III scale in service', () => {
  it('is 1, 2 or 3 divisions by load, edges belonging to the smaller one', () => {
    const e = 0.05;
    expect([0, 25, 25.05, 72.45, 100, 100.05, 200].map((kg) => inServiceErrorKg(kg, e))).toEqual([
      0.05, 0.05, 0.1, 0.1, 0.1, 0.15, 0.15,
    ]);
  });

  it('takes the largest interval that the decimals allow, and 20 of them as smallest load', () => {
    expect(largestDivisionKg(0.01)).toBe(0.05);
    expect(largestDivisionKg(0.1)).toBe(0.5);
    expect(minimumCapacityKg(0.05)).toBe(1);
  });
});
