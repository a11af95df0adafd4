import { describe, expect, it } from 'vitest';
import { compareHlc, fieldGroups, HybridClock, mergeDocuments, parseHlc } from '../../contract/index.ts';
import type { DocumentOf } from '../../contract/index.ts';
import { stamped, stampedDeletion } from './stamping.ts';
import type { Stamper } from './stamping.ts';
import { NOON, patientDraft, STATION } from './testing/documents.ts';

function stamper(at = NOON): Stamper {
  const now = (): number => at;
  return { clock: new HybridClock(STATION, now), stationId: STATION, now, lastTick: null };
}

function newSession(fields: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  const { id, tenantId, locationId, authorId } = patientDraft(1);
  const instants = { checkedInAt: null, startedAt: null, pausedAt: null, capturedAt: null, endedAt: null };
  return {
    id,
    tenantId,
    locationId,
    authorId,
    ...instants,
    appointmentId: id,
    patientId: id,
    protocolId: 'body-scan',
    protocolVersion: '1.0',
    day: '2026-11-21',
    status: 'CAPTURING',
    leadStationId: STATION,
    endedReason: null,
    consentId: null,
    steps: { weight: { state: 'todo' } },
    reportId: null,
    endsLocally: true,
    ...fields,
  };
}

describe('a document that is written', () => {
  it('gets the defaults of what is left out or undefined, at every depth', () => {
    const session = stamped('sessions', newSession({ patientRequest: undefined }), null, stamper());
    expect(session).toMatchObject({ patientRequest: null, cloud: null });
    expect(session?.steps['weight']).toMatchObject({ state: 'todo', quantity: null, attempts: 0 });
  });

  it('keeps what this version does not name, at every depth, and nothing that is undefined', () => {
    const steps = { weight: { state: 'todo', mood: 'calm', nothing: undefined } };
    const session = stamped('sessions', newSession({ steps, colour: { of: ['blue', { deep: 1 }] } }), null, stamper());
    expect(session).toMatchObject({ colour: { of: ['blue', { deep: 1 }] }, steps: { weight: { mood: 'calm' } } });
    expect(Object.keys(session?.steps['weight'] ?? {})).not.toContain('nothing');
    expect(Object.keys(session?.hlc ?? {})).toContain('colour');
  });

  it("is nobody else's: what is handed in is not changed and may be changed later", () => {
    const steps = { weight: { state: 'todo', mood: 'calm' } };
    const given = newSession({ steps });
    const before = JSON.stringify(given);
    const session = stamped('sessions', given, null, stamper());
    expect(JSON.stringify(given)).toBe(before);
    steps.weight.mood = 'changed';
    expect(session?.steps['weight']).toMatchObject({ mood: 'calm' });
  });

  it('changes no other object through names that all objects have', () => {
    const steps = JSON.parse('{"weight":{"state":"todo","__proto__":{"polluted":1},"constructor":"kept"}}') as object;
    const draft = newSession({ steps, ...(JSON.parse('{"toString":"kept"}') as object) });
    const session = stamped('sessions', draft, null, stamper());
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(session).toMatchObject({ toString: 'kept', steps: { weight: { constructor: 'kept' } } });
  });

  it('is deleted and made again with a clock, so that a deletion that comes late does not take it away', () => {
    const clock = stamper();
    const first = stamped('sessions', newSession(), null, clock) as DocumentOf<'sessions'>;
    const deleted = stampedDeletion(first, clock);
    const again = stamped('sessions', newSession({ day: '2026-11-22' }), null, clock, deleted.hlc);
    expect(again).not.toBeNull();
    const stale = { ...deleted, _deleted: true };
    const made = { ...(again as DocumentOf<'sessions'>), _deleted: false };
    for (const [ours, theirs] of [[stale, made] as const, [made, stale] as const]) {
      // The base was lost with the cloud's database.
      const merged = mergeDocuments<typeof stale>(null, ours, theirs, fieldGroups.sessions);
      expect(merged).toMatchObject({ _deleted: false, day: '2026-11-22' });
    }
  });

  it('leaves what is only a default without a clock, so that it gives way to what somebody else wrote', () => {
    const clock = stamper();
    const theirs = stamped('sessions', newSession({ patientRequest: 'break' }), null, clock) as DocumentOf<'sessions'>;
    const later = stamped('sessions', newSession(), null, clock) as DocumentOf<'sessions'>;
    expect(later.patientRequest).toBeNull();
    expect(Object.keys(later.hlc)).not.toContain('patientRequest');
    for (const [left, right] of [[theirs, later] as const, [later, theirs] as const])
      expect(mergeDocuments(null, left, right, fieldGroups.sessions).patientRequest).toBe('break');
  });

  it('keeps the writes of one document in their order when the wall clock was set back by a day', () => {
    const ahead = stamper(Date.UTC(2026, 10, 22));
    const first = stamped('sessions', newSession(), null, ahead) as DocumentOf<'sessions'>;
    const back = stamper(Date.UTC(2026, 10, 21));
    const next = stamped('sessions', { ...first, patientRequest: 'break' }, first, back) as DocumentOf<'sessions'>;
    expect(compareHlc(next.hlc['patientRequest'] ?? '', first.hlc['id'] ?? '')).toBeGreaterThan(0);
    // Only this document: what else is written has the time that it is.
    const other = stamped('sessions', newSession(), null, back) as DocumentOf<'sessions'>;
    expect(parseHlc(other.hlc['id'] ?? '')?.ms).toBe(Date.UTC(2026, 10, 21));
  });
});
