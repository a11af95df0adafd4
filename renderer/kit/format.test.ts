import { describe, expect, it } from 'vitest';
import {
  decimalsOf,
  formatBytes,
  formatChange,
  formatDate,
  formatDayMonth,
  formatHash,
  formatNumber,
  formatPercent,
  formatQuantity,
} from './format.ts';

describe('numbers as the house writes them', () => {
  it('gives value and error the same decimals and a narrow space before the unit', () => {
    expect(formatQuantity({ value: 72.45, error: 0.1, unit: 'kg' })).toBe('72.45 ± 0.10\u202Fkg');
    expect(formatQuantity({ value: 168.2, error: 0.2, unit: 'cm' })).toBe('168.2 ± 0.2\u202Fcm');
  });
  it('uses a true minus and never writes minus zero', () => {
    expect(formatNumber(-1.06, 2)).toBe('\u22121.06');
    expect(formatNumber(-0.001, 2)).toBe('0.00');
    expect(formatChange(-0.6, 2)).toBe('\u2212 0.60');
    expect(formatChange(0.6, 2)).toBe('+ 0.60');
  });
  it('knows how many decimals a division needs', () => {
    expect([0.05, 0.1, 1, 0.005].map(decimalsOf)).toEqual([2, 1, 0, 3]);
  });
  it('writes bytes, percent, dates and hashes', () => {
    expect(formatBytes(24_600_000)).toBe('24.6\u202FMB');
    expect(formatPercent(61)).toBe('61\u202F%');
    expect(formatDate('2026-05-12')).toBe('12 May 2026');
    expect(formatDayMonth('2026-05-12')).toBe('12 May');
    expect(formatHash(`9f41c2d7${'0'.repeat(52)}08be`)).toBe('9f41 c2d7 … 08be');
  });
});
