import { describe, expect, it } from 'vitest';
import type { Session } from './documents.ts';
import { stationReached, timelineVisitOf } from './timeline.ts';

const visit = (changes: Partial<Session> = {}): Session =>
  ({
    id: '7b0e1c3a-0000-4000-8000-000000000001',
    day: '2026-11-21',
    status: 'CAPTURING',
    capturedAt: null,
    reportId: null,
    endsLocally: false,
    cloud: null,
    ...changes,
  }) as Session;

describe('the stations of a visit', () => {
  it.each([
    [0, 0],
    [10, 0],
    [30, 30],
    [49, 30],
    [50, 50],
    [60, 50],
    [80, 80],
    [90, 80],
    [100, 100],
  ])('at %i the last one reached is %i', (progress, reached) => {
    expect(stationReached(progress)).toBe(reached);
  });
});

describe('a visit as its patient follows it', () => {
  it.each([
    ['is planned', { status: 'SCHEDULED' }, false, 'planned', 0, 'none'],
    ['has begun', {}, false, 'going-on', 0, 'none'],
    ['is captured', { status: 'ANALYSING', capturedAt: 'x' }, false, 'going-on', 30, 'none'],
    ['is synced', { status: 'REVIEW', cloud: { syncedAt: 'x' } }, false, 'going-on', 50, 'none'],
    ['has a report', { status: 'REVIEW', reportId: 'r' }, false, 'going-on', 80, 'none'],
    // Approved is not published: until then there is nothing to open.
    ['is approved', { status: 'COMPLETED', reportId: 'r' }, false, 'going-on', 80, 'none'],
    ['is published', { status: 'COMPLETED', cloud: { publishedAt: 'x' } }, true, 'done', 100, 'ready'],
    ['ended in the clinic', { status: 'COMPLETED', endsLocally: true }, false, 'done', 100, 'at-clinic'],
    ['was sent back', { status: 'REQUIRES_REVIEW', reportId: 'r' }, false, 'held', 80, 'none'],
    ['failed', { status: 'FAILED', capturedAt: 'x' }, false, 'held', 30, 'none'],
    ['was cancelled', { status: 'CANCELLED' }, false, 'stopped', 0, 'none'],
  ] as const)('that %s', (_what, changes, published, state, reached, report) => {
    expect(timelineVisitOf(visit(changes as Partial<Session>), 'Main', published)).toEqual({
      visitId: '7b0e1c3a-0000-4000-8000-000000000001',
      day: '2026-11-21',
      place: 'Main',
      state,
      reached,
      report,
    });
  });
});
