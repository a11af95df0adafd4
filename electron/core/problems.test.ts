import { describe, expect, it } from 'vitest';
import { VantageError } from '../contract/index.ts';
import { codeOf, problemFrom } from './problems.ts';

const NOW = new Date(Date.UTC(2026, 10, 21, 9, 30));

describe('what a screen is told', () => {
  it('a full disk under any statement is DISK_FULL, a failing one DISK_FAILED', () => {
    const full = Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
    expect(problemFrom(full, NOW)).toEqual({ code: 'DISK_FULL', detail: '', at: NOW.toISOString() });
    expect(codeOf(Object.assign(new Error('write'), { code: 'ENOSPC' }))).toBe('DISK_FULL');
    expect(codeOf(Object.assign(new Error('disk I/O error'), { code: 'SQLITE_IOERR_WRITE' }))).toBe('DISK_FAILED');
  });

  it('keeps the code of its own errors, also of those that crossed a process, and nothing of others', () => {
    expect(codeOf(new VantageError('PIN_WRONG'))).toBe('PIN_WRONG');
    expect(codeOf({ code: 'PROBLEM', data: { code: 'DEVICE_LOST' } })).toBe('DEVICE_LOST');
    expect(problemFrom(new Error('Amara Exampleton'), NOW)).toEqual({
      code: 'INTERNAL',
      detail: '',
      at: NOW.toISOString(),
    });
  });
});
