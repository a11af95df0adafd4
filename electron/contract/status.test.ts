import { describe, expect, it } from 'vitest';
import { captureIdOf, sessionIdOf } from './ids.ts';
import { canMove, isClosed, progressOf, searchStatusOf, sessionStatusSchema } from './status.ts';

const local = { endsLocally: true, cloud: null, capturedAt: null, reportId: null } as const;

describe('session status', () => {
  it('is closed exactly where nothing follows', () => {
    expect(sessionStatusSchema.options.filter((status) => isClosed(status))).toEqual(['COMPLETED', 'CANCELLED']);
  });

  it('never leaves a closed visit', () => {
    for (const to of sessionStatusSchema.options) expect(canMove('COMPLETED', to)).toBe(false);
  });

  it('has no search status before check-in', () => {
    expect(searchStatusOf('SCHEDULED')).toBeNull();
    expect(searchStatusOf('ANALYSING')).toBe('IN_PROGRESS');
    expect(searchStatusOf('CANCELLED')).toBe('CANCELLED');
  });

  it('reaches 100 in the clinic without passing through "synced"', () => {
    const seen = [
      progressOf({ ...local, status: 'SCHEDULED' }),
      progressOf({ ...local, status: 'CHECKED_IN' }),
      progressOf({ ...local, status: 'ANALYSING', capturedAt: 't' }),
      progressOf({ ...local, status: 'REVIEW', capturedAt: 't', reportId: 'r' }),
      progressOf({ ...local, status: 'COMPLETED', capturedAt: 't', reportId: 'r' }),
    ];
    expect(seen).toEqual([0, 10, 30, 90, 100]);
  });

  it('does not reach 100 by approval alone when the cloud publishes', () => {
    expect(progressOf({ ...local, endsLocally: false, status: 'COMPLETED', reportId: 'r' })).toBe(90);
    expect(progressOf({ ...local, endsLocally: false, status: 'COMPLETED', cloud: { publishedAt: 't' } })).toBe(100);
  });
});

describe('ids', () => {
  it('come out alike on two stations', () => {
    const appointment = '7b0e1c3a-0000-4000-8000-000000000001';
    expect(sessionIdOf(appointment)).toBe(sessionIdOf(appointment));
    expect(captureIdOf(sessionIdOf(appointment), 'retina-right', 1)).not.toBe(
      captureIdOf(sessionIdOf(appointment), 'retina-right', 2),
    );
  });
});
