import { ORPCError } from '@orpc/client';
import { describe, expect, it } from 'vitest';
import { VantageError } from '../../electron/contract/problems.ts';
import { problemOf } from './problem-of.ts';

describe('problemOf', () => {
  it('keeps the station’s own problem with its wait', () => {
    const data = { code: 'PIN_WAIT', detail: '', at: '2026-11-21T09:00:00.000Z', waitSeconds: 30 };
    expect(problemOf(new ORPCError('PROBLEM', { data }))).toMatchObject({ code: 'PIN_WAIT', waitSeconds: 30 });
    expect(problemOf(new VantageError('PIN_WAIT', '', { waitSeconds: 4 })).waitSeconds).toBe(4);
  });
  it('never takes a malformed answer for a known problem', () => {
    expect(problemOf(new ORPCError('PROBLEM', { data: { code: 'NO_SUCH' } })).code).toBe('INTERNAL');
  });
  it('calls a failure on a closed line a lost connection', () => {
    expect(problemOf(new Error('socket'), false).code).toBe('CONNECTION_LOST');
    expect(problemOf(new TypeError('x'), true).code).toBe('INTERNAL');
  });
});
