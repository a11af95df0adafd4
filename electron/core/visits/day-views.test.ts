import { afterEach, expect, it } from 'vitest';
import { until } from '../../../test/fixtures/client.ts';
import type { TestClinic } from '../../../test/fixtures/clinic.ts';
import { openTestClinic } from '../../../test/fixtures/clinic.ts';
import { beginVisit, rowOf } from '../../../test/fixtures/visit.ts';

const AMARA = 'HR-04127';
let open: TestClinic | null = null;

afterEach(async () => {
  await open?.close();
  open = null;
});

it('shows a technician when rooms are wanted and nothing by which a patient could be known', async () => {
  open = await openTestClinic();
  const ines = await open.signedIn('IM');
  const sessionId = await beginVisit(ines, AMARA);
  const named = await until(await ines.today.watch(), () => true);

  const tomasz = await open.signedIn('TP', 'staff-2');
  const outline = await until(await tomasz.today.outline(), () => true);
  expect(outline.rows.map((row) => row.sessionId)).toEqual(named.rows.map((row) => row.sessionId));
  expect(outline.rows.find((row) => row.sessionId === sessionId)).toMatchObject({
    initials: 'AE',
    status: 'CAPTURING',
  });
  expect(outline.rooms).toEqual(named.rooms);
  const text = JSON.stringify(outline);
  for (const { patient, appointmentId } of named.rows) {
    const { patientId, number, givenName, familyName, birthDate } = patient;
    for (const own of [patientId, number, givenName, familyName, birthDate, appointmentId]) {
      expect(text).not.toContain(own);
    }
  }
});

it('tells a locked screen where somebody asks for help, until it was seen to, and not who', async () => {
  open = await openTestClinic();
  const checkin = open.checkin();
  const { ticket } = await checkin.checkin.find({ by: 'code', code: 'DEMO-0930' });
  const { sessionId } = await checkin.checkin.confirm({ ticket });
  await checkin.checkin.ask({ ticket, request: 'help' });
  const locked = open.staff('locked');
  const status = await until(await locked.station.watch(), (each) => each.helpCalls.length > 0);
  expect(status.helpCalls).toEqual([{ place: 'check-in', room: '' }]);
  expect(JSON.stringify(status)).not.toMatch(/Amara|Exampleton/);

  const ines = await open.signedIn('IM');
  await ines.visits.answerRequest({ sessionId });
  await until(await locked.station.watch(), (each) => each.helpCalls.length === 0);
});

it('names the room of a running visit that asks for help, and lets a break be', async () => {
  open = await openTestClinic();
  const ines = await open.signedIn('IM');
  const { appointmentId } = await rowOf(ines, AMARA);
  const sessionId = await beginVisit(ines, AMARA);
  const checkin = open.checkin();
  const { ticket, match } = await checkin.checkin.find({ by: 'code', code: 'DEMO-0930' });
  expect(match.appointmentId).toBe(appointmentId);
  await checkin.checkin.ask({ ticket, request: 'help' });
  const locked = open.staff('locked');
  const status = await until(await locked.station.watch(), (each) => each.helpCalls.length > 0);
  expect(status.helpCalls).toEqual([{ place: 'room', room: 'Room 1' }]);
  await checkin.checkin.ask({ ticket, request: 'break' });
  await until(await locked.station.watch(), (each) => each.helpCalls.length === 0);
  await ines.visits.answerRequest({ sessionId });
});
