import { setupI18n } from '@lingui/core';
import { describe, expect, it } from 'vitest';
import type { ListedVisit } from '../../electron/contract/workflow-list.ts';
import { openForWords, shortId, stateWords } from './workflow-words.ts';

const i18n = setupI18n({ locale: 'en', messages: { en: {} } });
const NOW = Date.parse('2026-11-21T12:00:00.000Z');

function visit(changes: Partial<ListedVisit> = {}): ListedVisit {
  return {
    workflowId: 'session-7f3a91c2-0000-4000-8000-000000000001',
    runId: 'r',
    locationName: 'Main',
    execution: 'running',
    status: 'IN_PROGRESS',
    progress: 30,
    startedAt: '2026-11-21T11:56:30.000Z',
    closedAt: null,
    link: null,
    ...changes,
  };
}

describe('a visit among the workflows', () => {
  it.each([
    [{ status: null, progress: null }, 'has just begun'],
    [{ progress: 10 }, 'in the clinic'],
    [{ progress: 30 }, 'storing'],
    [{ progress: 60 }, 'putting results together'],
    [{ progress: 80 }, 'waits for the report'],
    [{ status: 'REVIEW', progress: 90 }, 'waits for review'],
    [{ status: 'REQUIRES_REVIEW', progress: 90 }, 'sent back, or waits too long for its review'],
    // What ended it counts more than what it said last.
    [{ execution: 'terminated', status: 'REVIEW' }, 'terminated by somebody'],
    [{ execution: 'failed', status: 'IN_PROGRESS' }, 'failed'],
    [{ execution: 'completed', status: 'COMPLETED', progress: 100 }, 'finished'],
  ] as const)('%j is said to be %s', (changes, text) => {
    expect(stateWords(i18n, visit(changes)).text).toBe(text);
  });

  it.each([
    ['2026-11-21T11:56:30.000Z', null, '3 min'],
    // Its clock and ours may differ a little.
    ['2026-11-21T12:00:20.000Z', null, '0 min'],
    ['2026-11-21T09:48:00.000Z', null, '2 h 12 min'],
    ['2026-11-20T09:00:00.000Z', '2026-11-20T10:05:00.000Z', '1 h 05 min'],
    ['2026-11-17T12:00:00.000Z', null, '4 days'],
  ])('begun at %s and closed at %s has been open for %s', (startedAt, closedAt, text) => {
    expect(openForWords(i18n, visit({ startedAt, closedAt }), NOW)).toBe(text);
  });

  it('has a short name', () => {
    expect(shortId(visit().workflowId)).toBe('session-7f3a91');
  });
});
