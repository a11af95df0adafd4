import { describe, expect, it } from 'vitest';
import { dayText, monthOf, periodOf } from './periods.ts';

const NOW = new Date(2026, 0, 31, 23, 30).getTime();

describe('a period of days', () => {
  it('begins at the first midnight and ends at the one after the last day', () => {
    expect(periodOf({ first: '2026-01-31', last: '2026-01-31' })).toEqual({
      from: new Date(2026, 0, 31).toISOString(),
      to: new Date(2026, 1, 1).toISOString(),
    });
  });

  it.each([
    ['2026-02-01', '2026-01-31'],
    ['', '2026-01-31'],
    ['2026-01-31', '31 Jan'],
  ])('is none from %s to %s', (first, last) => {
    expect(periodOf({ first, last })).toBeNull();
  });

  it('of a month has all its days, also over the turn of the year', () => {
    expect(monthOf(NOW, 0)).toEqual({ first: '2026-01-01', last: '2026-01-31' });
    expect(monthOf(NOW, -1)).toEqual({ first: '2025-12-01', last: '2025-12-31' });
    expect(dayText(NOW)).toBe('2026-01-31');
  });
});
