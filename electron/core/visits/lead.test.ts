/** One station leads a visit; another one takes it over on purpose, and then the first only follows. */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Session } from '../../contract/index.ts';
import { fieldGroups, mergeDocuments, newId, VantageError } from '../../contract/index.ts';
import { CaptureActivity } from '../capture/capture-activity.ts';
import { seedDemonstration } from '../demonstration/demonstration.ts';
import { Reviews } from '../review/reviews.ts';
import type { StationIdentity } from '../station.ts';
import { stationIdentity, stationIdOf } from '../station.ts';
import type { Store } from '../store/index.ts';
import { newKey, openStore } from '../store/index.ts';
import { Visits } from './visits.ts';

const AT = new Date(2026, 10, 21, 9, 0);
const AUTHOR = { id: '7b0e1c3a-0000-4000-8000-000000000001', role: 'facilitator' };

let directory: string;
let store: Store;
let station: StationIdentity;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'vantage-lead-'));
  const stationId = stationIdOf(directory);
  store = await openStore({ directory, key: newKey(), now: () => AT.getTime(), stationId });
  station = stationIdentity(store, 'demonstration', stationId);
  await seedDemonstration(store, station, AT);
});
afterEach(async () => {
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

/** Over the same store, as if the visit had been replicated. */
function at(stationId: string): Visits {
  return new Visits(store, { ...station, stationId }, () => AT, 'test');
}

async function checkedIn(visits: Visits): Promise<string> {
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
  return session.id;
}

async function refusalOf(call: Promise<unknown>): Promise<string | null> {
  try {
    await call;
    return null;
  } catch (error) {
    if (error instanceof VantageError) return error.code;
    throw error;
  }
}

it('refuses to move a visit that another station leads, until it is taken over', async () => {
  const [here, there] = [at(station.stationId), at(newId())];
  const sessionId = await checkedIn(here);
  const before = await store.get('sessions', sessionId);
  expect(await refusalOf(there.start(sessionId, AUTHOR))).toBe('LED_ELSEWHERE');
  expect(await refusalOf(there.cancel(sessionId, 'gone', AUTHOR))).toBe('LED_ELSEWHERE');
  expect(await store.get('sessions', sessionId)).toEqual(before);

  await there.takeOver(sessionId, AUTHOR);
  await there.start(sessionId, AUTHOR);
  expect(await refusalOf(here.pause(sessionId, AUTHOR))).toBe('LED_ELSEWHERE');
  expect(await refusalOf(here.end(sessionId, 'early', AUTHOR))).toBe('LED_ELSEWHERE');
  await there.pause(sessionId, AUTHOR);
  expect(await refusalOf(here.resume(sessionId, AUTHOR))).toBe('LED_ELSEWHERE');
  expect(await store.get('sessions', sessionId)).toMatchObject({ status: 'CAPTURING', pausedAt: AT.toISOString() });
});

it('is recorded once, with both stations, and not possible after the end', async () => {
  const other = newId();
  const [here, there] = [at(station.stationId), at(other)];
  const sessionId = await checkedIn(here);
  await there.takeOver(sessionId, AUTHOR);
  await there.takeOver(sessionId, AUTHOR);
  const entries = store.audit.read({ subjectId: sessionId }).filter(({ action }) => action === 'visit.taken-over');
  expect(entries.map(({ detail }) => detail)).toEqual([{ from: station.stationId, to: other, status: 'CHECKED_IN' }]);
  await there.cancel(sessionId, 'gone', AUTHOR);
  expect(await refusalOf(here.takeOver(sessionId, AUTHOR))).toBe('STATUS_CONFLICT');
});

it('comes to the same lead and status wherever two states are merged', async () => {
  const [here, there] = [at(station.stationId), at(newId())];
  const sessionId = await checkedIn(here);
  const base = (await store.get('sessions', sessionId)) as Session;
  await here.start(sessionId, AUTHOR);
  const ours = (await store.get('sessions', sessionId)) as Session;
  await there.takeOver(sessionId, AUTHOR);
  const taken = (await store.get('sessions', sessionId)) as Session;
  // The other station did not know of the start when it took the visit over.
  const theirs = { ...base, leadStationId: taken.leadStationId, hlc: { ...base.hlc, lead: taken.hlc['lead'] ?? '' } };
  const merged = mergeDocuments(base, ours, theirs, fieldGroups.sessions);
  expect(mergeDocuments(base, theirs, ours, fieldGroups.sessions)).toEqual(merged);
  expect([merged.leadStationId, merged.status]).toEqual([taken.leadStationId, 'CHECKED_IN']);
});

it('is taken over by who decides about its report, in the same step', async () => {
  const [here, other] = [at(station.stationId), newId()];
  const sessionId = await checkedIn(here);
  const session = (await store.get('sessions', sessionId)) as Session;
  const sha256 = 'a'.repeat(64);
  const report = await store.write('reports', {
    id: newId(),
    tenantId: session.tenantId,
    locationId: session.locationId,
    authorId: AUTHOR.id,
    sessionId,
    patientId: session.patientId,
    version: 1,
    blobId: newId(),
    sha256,
    size: 1,
    pages: 1,
    madeAt: AT.toISOString(),
    review: null,
  });
  await store.update('sessions', sessionId, (current) => ({ ...current, status: 'REVIEW', reportId: report.id }));
  const reviews = new Reviews(
    {
      store,
      stationId: other,
      now: () => AT,
      deviceStatuses: () => [],
      activity: new CaptureActivity(() => undefined),
      reportsInProgress: new Set(),
      reportProblemOf: () => null,
      cloudTimesOf: () => ({ inCloud: null, verified: null }),
      lostBlobs: new Set(),
    },
    'test',
  );
  await reviews.decide(
    { reportId: report.id, reportSha256: sha256, decision: 'approved', reason: null, notes: null },
    { staffId: AUTHOR.id, name: 'Leila Naderi', initials: 'LN', roles: ['clinician'] },
  );
  expect(await store.get('sessions', sessionId)).toMatchObject({ status: 'COMPLETED', leadStationId: other });
  const taken = store.audit.read({ subjectId: sessionId }).filter(({ action }) => action === 'visit.taken-over');
  expect(taken).toMatchObject([{ role: 'clinician', detail: { from: station.stationId, to: other } }]);
});
