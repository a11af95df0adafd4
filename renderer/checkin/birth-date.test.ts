import { describe, expect, it } from 'vitest';
import { readBirthDate } from './birth-date.ts';

const TODAY = new Date('2026-11-21T09:00:00Z');

describe('a typed birth date', () => {
  it('is day, month, year', () => {
    expect(readBirthDate('12031988', TODAY)).toEqual({ is: 'date', iso: '1988-03-12' });
    expect(readBirthDate('29022000', TODAY)).toEqual({ is: 'date', iso: '2000-02-29' });
  });

  it('waits for its last digit', () => {
    expect(readBirthDate('1203198', TODAY)).toEqual({ is: 'short' });
  });

  it('refuses days that never were and days to come', () => {
    for (const digits of ['31021988', '00011990', '12131990', '29022001', '22112026', '01011850']) {
      expect(readBirthDate(digits, TODAY)).toEqual({ is: 'impossible' });
    }
  });
});
