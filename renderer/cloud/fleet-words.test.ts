import { setupI18n } from '@lingui/core';
import { describe, expect, it } from 'vitest';
import type { FleetStation } from '../../electron/contract/cloud-api.ts';
import { contactWords, isInTrouble } from './fleet-words.ts';

const i18n = setupI18n({ locale: 'en', messages: { en: {} } });
const NOW = Date.parse('2026-11-21T12:00:00.000Z');

function station(changes: Partial<FleetStation> = {}): FleetStation {
  return {
    stationId: '7b0e1c3a-0000-4000-8000-000000000001',
    name: 'Room 1',
    locationName: 'Main',
    state: 'active',
    contractVersion: '1.0',
    enrolledAt: '2026-11-01T09:00:00.000Z',
    lastContactAt: '2026-11-21T11:59:00.000Z',
    unsent: null,
    arriving: { files: 0, leftBytes: 0 },
    quarantined: { records: 0, lastAt: null },
    trailBreaks: 0,
    alerts: [],
    ...changes,
  };
}

const alert = (severity: 'info' | 'warn') => ({
  id: '7b0e1c3a-0000-4000-8000-000000000002',
  kind: 'disk',
  severity,
  text: 'Little room is left',
  at: '2026-11-21T09:00:00.000Z',
});

describe('a station in the fleet', () => {
  it.each([
    ['2026-11-21T11:59:00.000Z', 'now', 'done'],
    // Its clock and ours may differ a little.
    ['2026-11-21T12:00:20.000Z', 'now', 'done'],
    ['2026-11-21T11:41:00.000Z', '19 min ago', 'absent'],
    ['2026-11-20T09:00:00.000Z', '27 h ago', 'absent'],
    ['2026-11-12T12:00:00.000Z', '9 days ago', 'absent'],
    [null, 'not yet', 'absent'],
  ] as const)('last heard of at %s is said to be %s', (lastContactAt, text, shape) => {
    expect(contactWords(i18n, station({ lastContactAt }), NOW)).toEqual({ text, shape });
  });

  it('that is out of service is said to be so, whenever it was heard of', () => {
    expect(contactWords(i18n, station({ state: 'revoked' }), NOW)).toEqual({
      text: 'out of service',
      shape: 'stopped',
    });
  });

  it('needs somebody for what does not come right by itself, and not for being offline', () => {
    expect(isInTrouble(station({ lastContactAt: '2026-11-12T12:00:00.000Z', alerts: [alert('info')] }))).toBe(false);
    expect(isInTrouble(station({ alerts: [alert('warn')] }))).toBe(true);
    expect(isInTrouble(station({ quarantined: { records: 1, lastAt: null } }))).toBe(true);
    expect(isInTrouble(station({ trailBreaks: 1 }))).toBe(true);
    expect(isInTrouble(station({ trailBreaks: 1, state: 'revoked' }))).toBe(false);
  });
});
