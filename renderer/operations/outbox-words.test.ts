import { setupI18n } from '@lingui/core';
import { describe, expect, it } from 'vitest';
import type { OutboxRow, OutboxView } from '../../electron/contract/outbox.ts';
import { REFUSALS } from '../../electron/contract/workflows.ts';
import {
  discardedWords,
  discardReasonWords,
  outboxLineWords,
  outboxNeeds,
  refusalWords,
  requestStateWords,
  requestVisitWords,
} from './outbox-words.ts';

const i18n = setupI18n({ locale: 'en', messages: { en: {} } });
const NOW = new Date(2026, 10, 21, 9, 51).getTime();
const at = (hours: number, minutes: number): string => new Date(2026, 10, 21, hours, minutes).toISOString();

const row: OutboxRow = {
  id: '00000009-0000-4000-8000-000000000001',
  kind: 'session-review',
  subjectId: '00000005-0000-4000-8000-000000000001',
  ordinal: 3,
  state: 'waiting',
  createdAt: at(9, 40),
  attempts: 0,
  deliveredAt: null,
  problem: null,
  visit: { startsAt: at(9, 30), room: 'Room 1' },
};
const line: OutboxView['line'] = { state: 'reachable', since: at(9, 0), host: null, problem: null, nextAt: null };
const view: OutboxView = {
  at: at(9, 51),
  line,
  counts: { waiting: 3, returned: 0, dead: 0 },
  oldestAt: at(9, 40),
  rows: [row],
  discarded: { count: 0, rows: [] },
};

describe('a request', () => {
  it.each<[Partial<OutboxRow>, string, string]>([
    [{}, 'todo', 'waiting'],
    [{ attempts: 2 }, 'todo', 'tried, goes again by itself'],
    [{ state: 'delivering' }, 'busy', 'on its way'],
    [{ state: 'delivered', deliveredAt: at(9, 45) }, 'done', 'delivered 09:45:00'],
    [{ state: 'held' }, 'aside', 'held until the cloud accepts this station'],
    [
      { state: 'held', problem: { code: 'WORKFLOWS_UNATTENDED', detail: '', at: at(9, 41) } },
      'aside',
      'held until somebody in the cloud works on it',
    ],
    [{ state: 'returned' }, 'care', 'came back'],
    [{ state: 'dead' }, 'stopped', 'can not be sent as it is'],
    [
      { state: 'dead', problem: { code: 'REQUEST_OLD', detail: '', at: at(9, 41) } },
      'stopped',
      'from before the data were put back',
    ],
  ])('%j is %s: %s', (changes, shape, text) => {
    expect(requestStateWords(i18n, { ...row, ...changes }, NOW)).toEqual({ shape, text });
  });

  it('is told by when and where the visit is', () => {
    expect(requestVisitWords(i18n, row, NOW)).toBe('09:30, Room 1');
    expect(requestVisitWords(i18n, { ...row, visit: { startsAt: at(9, 30), room: '' } }, NOW)).toBe('09:30');
    expect(requestVisitWords(i18n, { ...row, visit: null }, NOW)).toBe('a visit that is not known here');
  });

  it('that came back says why, for each reason that a workflow gives', () => {
    const words = REFUSALS.map((detail) =>
      refusalWords(i18n, { ...row, problem: { code: 'REQUEST_REFUSED', detail, at: at(9, 41) } }),
    );
    expect(new Set(words).size).toBe(REFUSALS.length);
    expect(words).not.toContain(null);
    expect(refusalWords(i18n, row)).toBeNull();
  });
});

describe('a request that was given up', () => {
  it('says when, who decided it, and why there was something to decide', () => {
    const given = { ...row, discardedAt: at(9, 45), discardedBy: 'Aroha Tauira' };
    expect(discardedWords(i18n, given, NOW)).toBe('given up 09:45:00, by Aroha Tauira');
    expect(discardedWords(i18n, { ...given, discardedBy: null }, NOW)).toBe(
      'given up 09:45:00, by somebody who is not known here',
    );
    const why = (code: NonNullable<OutboxRow['problem']>['code'], detail = ''): string | null =>
      discardReasonWords(i18n, { problem: { code, detail, at: at(9, 41) } });
    expect(why('REQUEST_REFUSED', 'TOO_LATE')).toBe(
      'The workflow was past the point at which it could change anything.',
    );
    expect(why('REQUEST_REFUSED', 'SOMETHING_LATER')).toBe('The workflow did nothing of it.');
    expect(why('REQUEST_OLD')).toBe('It was from before the data were put back.');
    expect(why('REQUEST_INVALID', 'INVALID_ARGUMENT')).toBe('It could not be sent as it was.');
    expect(discardReasonWords(i18n, given)).toBeNull();
  });
});

describe('the line to the workflows', () => {
  it.each<[Partial<OutboxView['line']>, string, string]>([
    [{}, 'done', 'The workflows answer.'],
    [{ state: 'away', nextAt: at(9, 52) }, 'absent', 'The workflows do not answer. Tried again at 09:52:00.'],
    [{ state: 'refused' }, 'stopped', 'The workflows do not accept this station.'],
    [{ state: 'unknown' }, 'todo', 'Nothing was sent since the start.'],
  ])('%j is %s: %s', (changes, shape, text) => {
    expect(outboxLineWords(i18n, { ...line, ...changes })).toEqual({ shape, text });
  });

  it('needs somebody where the station is refused or a request came back, and not for being away', () => {
    expect(outboxNeeds(undefined)).toBe(0);
    expect(outboxNeeds({ ...view, line: { ...line, state: 'away' } })).toBe(0);
    expect(outboxNeeds({ ...view, line: { ...line, state: 'refused' }, counts: { ...view.counts, dead: 2 } })).toBe(3);
  });
});
