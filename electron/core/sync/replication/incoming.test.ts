import { describe, expect, it } from 'vitest';
import { CONTRACT_VERSION, HybridClock, compareHlc, formatHlc } from '../../../contract/index.ts';
import { NOON, STATION, TENANT, patientDraft } from '../../store/testing/documents.ts';
import { readIncoming } from './incoming.ts';
import type { State } from './states.ts';
import { mergeStates } from './states.ts';

const YEAR_MS = 365 * 86_400_000;
const THERE = '0b0f7c9e-3c1b-4e53-9d60-6a4f7e6c2f11';

function patientOf(number: string, stationId: string, ms: number): Record<string, unknown> {
  const at = new Date(ms).toISOString();
  const hlc = { number: formatHlc({ ms, counter: 0, stationId }) };
  const stamps = { stationId, contractVersion: CONTRACT_VERSION, hlc, createdAt: at, updatedAt: at };
  return { ...patientDraft(1), number, language: 'en', allergies: [], accessNeeds: [], ...stamps };
}

describe('what comes from the cloud', () => {
  it('keeps its clocks at a station whose own clock is a year behind, and wins there over what was written before it', () => {
    const clock = new HybridClock(STATION, () => NOON - YEAR_MS);
    const document = patientOf('later, there', THERE, NOON + 1000);
    const incoming = readIncoming('patients', { document, deleted: false, version: 1 }, { tenantId: TENANT, clock });
    if (!incoming.ok) throw new Error(`not read: ${incoming.field}`);
    const theirs = incoming.master.state;
    // Written here before the clock jumped back; the same document, made at both stations while the line was cut.
    const ours = { ...patientOf('earlier, here', STATION, NOON), _deleted: false } as unknown as State;
    expect(mergeStates('patients', null, ours, theirs)['number']).toBe('later, there');
    expect(theirs['hlc']).toEqual(document['hlc']);
  });

  it('makes what is written next come after it', () => {
    const clock = new HybridClock(STATION, () => NOON - YEAR_MS);
    const document = patientOf('there', THERE, NOON);
    readIncoming('patients', { document, deleted: false, version: 1 }, { tenantId: TENANT, clock });
    expect(compareHlc(clock.tick(), formatHlc({ ms: NOON, counter: 0, stationId: THERE }))).toBeGreaterThan(0);
  });
});
