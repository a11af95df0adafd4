import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sessionIdOf, VantageError } from '../../contract/index.ts';
import { seedDemonstration } from '../demonstration/demonstration.ts';
import type { StationIdentity } from '../station.ts';
import { stationIdentity, stationIdOf } from '../station.ts';
import type { Store } from '../store/index.ts';
import { newKey, openStore } from '../store/index.ts';
import { ageOn } from './steps.ts';
import { Visits } from './visits.ts';

const AT = new Date(2026, 10, 21, 9, 0);
const AUTHOR = { id: '7b0e1c3a-0000-4000-8000-000000000001', role: 'facilitator' };
const ACTOR = { staffId: AUTHOR.id, name: 'Ines Modelo', initials: 'IM', roles: ['facilitator'] } as const;

let directory: string;
let store: Store;
let station: StationIdentity;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'vantage-visits-'));
  const stationId = stationIdOf(directory);
  store = await openStore({ directory, key: newKey(), now: () => AT.getTime(), stationId });
  station = stationIdentity(store, 'demonstration', stationId);
  await seedDemonstration(store, station, AT);
});

afterEach(async () => {
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

function visitsOf(workflowsConfigured: boolean): Visits {
  return new Visits(store, { ...station, workflowsConfigured }, () => AT, 'test');
}

/** The first retina-only visit of the day, from check-in to started. */
async function started(visits: Visits): Promise<string> {
  const [appointment] = await store.find('appointments', {
    selector: { day: '2026-11-21', protocolId: 'retina-only' },
  });
  const session = await visits.checkIn(appointment?.id ?? '', AUTHOR);
  await visits.consent(
    session.id,
    {
      agreed: ['measurements', 'care-team'],
      language: 'en',
      signature: { strokes: [], typedName: 'Teodor Samplesson' },
      surface: 'staff',
    },
    AUTHOR,
  );
  await visits.start(session.id, AUTHOR);
  return session.id;
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'done',
    (error: unknown) => (error instanceof VantageError ? error.code : String(error)),
  );
}

describe('a visit', () => {
  it('starts nothing in the cloud when it ends in the clinic', async () => {
    const visits = visitsOf(false);
    const sessionId = await started(visits);
    await visits.cancel(sessionId, 'left', AUTHOR);
    expect(store.pendingIntents()).toEqual([]);
  });

  it('writes its intents in order with the state that caused them', async () => {
    const visits = visitsOf(true);
    const sessionId = await started(visits);
    for (const stepId of ['retina-right', 'retina-left']) await visits.skip(sessionId, stepId, 'cannot', ACTOR);
    expect(await visits.finish(sessionId, AUTHOR)).toBe(true);
    await visits.cancel(sessionId, 'left', AUTHOR);
    const intents = store.pendingIntents().map(({ kind, subjectId, ordinal }) => ({ kind, subjectId, ordinal }));
    expect(intents).toEqual([
      { kind: 'session-start', subjectId: sessionId, ordinal: 1 },
      { kind: 'session-captured', subjectId: sessionId, ordinal: 2 },
      { kind: 'session-cancelled', subjectId: sessionId, ordinal: 3 },
    ]);
  });

  it('is checked in once, however often and from wherever it is asked', async () => {
    const visits = visitsOf(true);
    const [appointment] = await store.find('appointments', { selector: { day: '2026-11-21' } });
    const id = appointment?.id ?? '';
    const sessions = await Promise.all([
      visits.checkIn(id, AUTHOR),
      visits.checkIn(id, 'patient'),
      visits.checkIn(id, AUTHOR),
    ]);
    expect(new Set(sessions.map((session) => session.id))).toEqual(new Set([sessionIdOf(id)]));
    expect(store.pendingIntents()).toHaveLength(1);
    expect(store.audit.read({ subjectId: sessionIdOf(id) }).map((entry) => entry.action)).toEqual(['visit.checked-in']);
  });

  it('takes no number that cannot be right, and changes nothing then', async () => {
    const visits = visitsOf(false);
    const [appointment] = await store.find('appointments', {
      selector: { day: '2026-11-21', protocolId: 'body-scan' },
    });
    const session = await visits.checkIn(appointment?.id ?? '', AUTHOR);
    await visits.consent(
      session.id,
      {
        agreed: ['measurements', 'care-team'],
        language: 'en',
        signature: { strokes: [], typedName: 'Rashid Al-Mithal' },
        surface: 'staff',
      },
      AUTHOR,
    );
    await visits.start(session.id, AUTHOR);
    for (const [value, again] of [
      [180, 181],
      [1800, 1800],
      [Number.NaN, Number.NaN],
      [Infinity, Infinity],
      [-5, -5],
      [49.9, 49.9],
    ] as const) {
      expect(await codeOf(visits.enterByHand(session.id, 'height', value, again, AUTHOR))).toBe('INPUT_INVALID');
    }
    expect((await store.get('sessions', session.id))?.steps['height']?.state).toBe('todo');
    await visits.enterByHand(session.id, 'height', 180, 180, AUTHOR);
    expect((await store.get('sessions', session.id))?.steps['height']?.quantity).toMatchObject({
      value: 180,
      unit: 'cm',
      source: 'by-hand',
    });
  });

  it('is led by one station: another one may not move it', async () => {
    const sessionId = await started(visitsOf(false));
    const elsewhere = new Visits(
      store,
      { ...station, stationId: '7b0e1c3a-0000-4000-8000-00000000000f' },
      () => AT,
      'test',
    );
    expect(await codeOf(elsewhere.cancel(sessionId, 'other', AUTHOR))).toBe('LED_ELSEWHERE');
  });

  it('needs the agreement that is needed, and a signature that is one', async () => {
    const visits = visitsOf(false);
    const [appointment] = await store.find('appointments', { selector: { day: '2026-11-21' } });
    const session = await visits.checkIn(appointment?.id ?? '', 'patient');
    const dot = { strokes: [[[0.5, 0.5, 0] as [number, number, number]]], typedName: null };
    const agreed = ['measurements', 'care-team'] as const;
    expect(
      await codeOf(
        visits.consent(session.id, { agreed, language: 'en', signature: dot, surface: 'checkin' }, 'patient'),
      ),
    ).toBe('INPUT_INVALID');
    await visits.consent(
      session.id,
      {
        agreed: ['research'],
        language: 'en',
        signature: { strokes: [], typedName: 'Amara Exampleton' },
        surface: 'checkin',
      },
      'patient',
    );
    expect(await codeOf(visits.start(session.id, AUTHOR))).toBe('CONSENT_MISSING');
  });
});

describe('age', () => {
  it('counts full years', () => {
    expect(ageOn('1988-11-21', '2026-11-21')).toBe(38);
    expect(ageOn('1988-11-22', '2026-11-21')).toBe(37);
    expect(ageOn('2004-02-29', '2026-02-28')).toBe(21);
  });
});
