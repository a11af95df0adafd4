import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BookingInput } from '../../contract/index.ts';
import { newId } from '../../contract/index.ts';
import type { StationIdentity } from '../station.ts';
import { stationIdentity, stationIdOf } from '../station.ts';
import type { Store } from '../store/index.ts';
import { newKey, openStore } from '../store/index.ts';
import { bookVisit } from './booking.ts';
import { Visits } from './visits.ts';

const AT = new Date(2026, 10, 21, 9, 0);
const AUTHOR = { id: '7b0e1c3a-0000-4000-8000-000000000001', role: 'facilitator' };

let directory: string;
let store: Store;
let station: StationIdentity;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'vantage-booking-'));
  const stationId = stationIdOf(directory);
  store = await openStore({ directory, key: newKey(), now: () => AT.getTime(), stationId });
  station = stationIdentity(store, 'clinic', stationId);
});
afterEach(async () => {
  await store.close();
  await rm(directory, { recursive: true, force: true });
});

const ROSA = { givenName: 'Rosa', familyName: 'Álvarez', birthDate: '1980-05-06', sex: 'female' } as const;

async function book(changes: Partial<BookingInput> = {}) {
  const input = { ...ROSA, appointmentId: newId(), number: '', protocolId: 'retina-only', room: 'Room 1', ...changes };
  return bookVisit({ store, station, now: () => AT }, input, AUTHOR);
}

describe('a visit that is added at the desk', () => {
  it('is one of today, with a person who has a number, and can be checked in', async () => {
    const { appointmentId, sessionId } = await book();
    const [appointment] = await store.find('appointments', { selector: { day: '2026-11-21' } });
    expect(appointment).toMatchObject({
      id: appointmentId,
      state: 'booked',
      room: 'Room 1',
      protocolId: 'retina-only',
    });
    const [patient] = await store.find('patients', {});
    expect(patient).toMatchObject({ ...ROSA, id: appointment?.patientId, tenantId: station.tenantId });
    expect(patient?.number).toMatch(/^V-[0-9A-F]{8}$/);
    const session = await new Visits(store, station, () => AT, 'test').checkIn(appointmentId, AUTHOR);
    expect(session).toMatchObject({ id: sessionId, status: 'CHECKED_IN', patientId: patient?.id });
  });

  it('is one however often the same form arrives', async () => {
    const appointmentId = newId();
    expect(await book({ appointmentId })).toEqual(await book({ appointmentId }));
    expect([await store.count('appointments', {}), await store.count('patients', {})]).toEqual([1, 1]);
  });

  it('takes nobody for somebody else: who is known is booked by the number', async () => {
    await book({ number: 'HR-1' });
    await expect(book({ familyName: 'ALVAREZ ' })).rejects.toMatchObject({ code: 'PATIENT_KNOWN' });
    expect(await store.count('appointments', {})).toBe(1);
    await book({ familyName: 'alvarez', number: 'HR-1' });
    expect(await store.count('patients', {})).toBe(1);
    // Another person of the same name and birth date.
    await book({ number: 'HR-2' });
    expect([await store.count('appointments', {}), await store.count('patients', {})]).toEqual([3, 2]);
    await expect(book({ givenName: 'Ana', number: 'HR-1' })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      extra: { field: 'number' },
    });
  });

  it('is refused for who is not born yet, and with steps that nobody has', async () => {
    await expect(book({ birthDate: '2026-11-22' })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    await expect(book({ protocolId: 'none' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect([await store.count('appointments', {}), await store.count('patients', {})]).toEqual([0, 0]);
  });
});
