/**
 * The demonstration clinic: invented people (their surnames mean "sample" in many languages), a day's schedule around now, a few
 * earlier weights. It lives in a directory of its own and is never mixed with real data.
 */
import { createHash } from 'node:crypto';
import type { Role } from '../../contract/index.ts';
import { DEMONSTRATION_PIN, demonstrationCode, derivedId, sessionIdOf } from '../../contract/index.ts';
import { hashPin } from '../access/pin.ts';
import type { StationIdentity } from '../station.ts';
import type { Store } from '../store/index.ts';
import { dayOf, EMPTY_STEP } from '../visits/steps.ts';

const STAFF: readonly {
  readonly name: string;
  readonly initials: string;
  readonly roles: readonly [Role, ...Role[]];
}[] = [
  { name: 'Ines Modelo', initials: 'IM', roles: ['facilitator'] },
  { name: 'Dr Leila Nemuneh', initials: 'LN', roles: ['clinician'] },
  { name: 'Tomasz Przykład', initials: 'TP', roles: ['technician'] },
  { name: 'Aroha Tauira', initials: 'AT', roles: ['operator', 'admin'] },
];

interface Invented {
  readonly given: string;
  readonly family: string;
  readonly born: string;
  readonly sex: 'female' | 'male';
  readonly number: string;
  readonly protocol: 'wellness-imaging-short' | 'body-scan' | 'retina-only';
  readonly time: readonly [number, number];
  readonly room: string;
  readonly note?: string;
  readonly allergies?: readonly string[];
  readonly accessNeeds?: readonly string[];
  readonly language?: string;
  /** Months ago -> kg. */
  readonly weights?: readonly (readonly [number, number])[];
}

const PEOPLE: readonly Invented[] = [
  {
    given: 'Amara',
    family: 'Exampleton',
    born: '1988-03-12',
    sex: 'female',
    number: 'HR-04127',
    protocol: 'wellness-imaging-short',
    time: [9, 30],
    room: 'Room 1',
    allergies: ['Latex allergy'],
    weights: [
      [24, 73.9],
      [18, 73.05],
      [12, 72.4],
      [6, 71.85],
    ],
  },
  {
    given: 'Teodor',
    family: 'Samplesson',
    born: '1954-09-09',
    sex: 'male',
    number: 'HR-02218',
    protocol: 'retina-only',
    time: [9, 40],
    room: 'Room 2',
    accessNeeds: ['Uses a wheelchair'],
    note: 'Room 2 table lowers',
  },
  {
    given: 'Priya',
    family: 'Namuna',
    born: '1995-06-21',
    sex: 'female',
    number: 'HR-04301',
    protocol: 'wellness-imaging-short',
    time: [10, 10],
    room: 'Room 1',
    note: 'Reads Hindi',
    language: 'hi',
  },
  {
    given: 'Rashid',
    family: 'Al-Mithal',
    born: '1977-11-04',
    sex: 'male',
    number: 'HR-03877',
    protocol: 'body-scan',
    time: [10, 40],
    room: 'Room 1',
    note: 'Reads Arabic',
    language: 'ar',
    weights: [[6, 84.2]],
  },
  {
    given: 'Yuki',
    family: 'Mihon',
    born: '2001-02-17',
    sex: 'female',
    number: 'HR-04415',
    protocol: 'wellness-imaging-short',
    time: [11, 20],
    room: 'Room 1',
  },
  {
    given: 'Oluwaseun',
    family: 'Apẹẹrẹ',
    born: '1963-12-28',
    sex: 'male',
    number: 'HR-01904',
    protocol: 'wellness-imaging-short',
    time: [12, 0],
    room: 'Room 1',
    weights: [
      [6, 91.3],
      [12, 92.75],
    ],
  },
  {
    given: 'Noa',
    family: 'Dugma',
    born: '1990-10-15',
    sex: 'female',
    number: 'HR-03611',
    protocol: 'wellness-imaging-short',
    time: [13, 10],
    room: 'Room 1',
    weights: [[6, 64.1]],
  },
  {
    given: 'Juan',
    family: 'Ejemplo',
    born: '1972-04-03',
    sex: 'male',
    number: 'HR-02950',
    protocol: 'retina-only',
    time: [13, 50],
    room: 'Room 2',
  },
  {
    given: 'Ingrid',
    family: 'Mustervik',
    born: '1986-05-06',
    sex: 'female',
    number: 'HR-03302',
    protocol: 'wellness-imaging-short',
    time: [14, 20],
    room: 'Room 1',
  },
];

/** Makes the people once, and a schedule for each day on which the demonstration is started. Safe to call again. */
export async function seedDemonstration(store: Store, station: StationIdentity, now: Date): Promise<void> {
  const common = { tenantId: station.tenantId, locationId: station.locationId };
  const [firstStaff] = STAFF;
  const authorId = staffIdOf(firstStaff?.initials ?? '');
  if ((await store.count('staff', {})) === 0) {
    const pinHash = await hashPin(DEMONSTRATION_PIN);
    await store.transaction((tx) => {
      for (const person of STAFF) {
        tx.put('staff', {
          ...common,
          id: staffIdOf(person.initials),
          authorId,
          name: person.name,
          initials: person.initials,
          roles: [...person.roles],
          pinHash,
          active: true,
        });
      }
    });
  }
  const day = dayOf(now);
  if ((await store.count('appointments', { selector: { day } })) > 0) return;
  await store.transaction((tx) => {
    for (const person of PEOPLE) {
      const patientId = derivedId('demonstration', 'patient', person.number);
      tx.put('patients', {
        ...common,
        id: patientId,
        authorId,
        number: person.number,
        givenName: person.given,
        familyName: person.family,
        birthDate: person.born,
        sex: person.sex,
        language: person.language ?? 'en',
        allergies: [...(person.allergies ?? [])],
        accessNeeds: [...(person.accessNeeds ?? [])],
      });
      const [hours, minutes] = person.time;
      const startsAt = new Date(now.getFullYear(), now.getMonth(), now.getDate(), hours, minutes);
      tx.put('appointments', {
        ...common,
        id: derivedId('demonstration', 'appointment', person.number, day),
        authorId,
        patientId,
        startsAt: startsAt.toISOString(),
        day,
        protocolId: person.protocol,
        room: person.room,
        note: person.note ?? '',
        codeHash: createHash('sha256').update(demonstrationCode(hours, minutes)).digest('hex'),
        state: 'booked',
      });
      for (const [monthsAgo, kg] of person.weights ?? []) {
        const at = new Date(now.getFullYear(), now.getMonth() - monthsAgo, 12, hours, minutes);
        const appointmentId = derivedId('demonstration', 'appointment', person.number, dayOf(at));
        if (tx.get('sessions', sessionIdOf(appointmentId)) !== null) continue;
        tx.put('sessions', earlierVisit(common, station, { authorId, appointmentId, patientId, at, kg }));
      }
    }
  });
}

function earlierVisit(
  common: { readonly tenantId: string; readonly locationId: string },
  station: StationIdentity,
  visit: {
    readonly authorId: string;
    readonly appointmentId: string;
    readonly patientId: string;
    readonly at: Date;
    readonly kg: number;
  },
) {
  const at = visit.at.toISOString();
  return {
    ...common,
    id: sessionIdOf(visit.appointmentId),
    authorId: visit.authorId,
    appointmentId: visit.appointmentId,
    patientId: visit.patientId,
    protocolId: 'body-scan',
    protocolVersion: '1.0',
    day: dayOf(visit.at),
    status: 'COMPLETED' as const,
    leadStationId: station.stationId,
    checkedInAt: at,
    startedAt: at,
    pausedAt: null,
    capturedAt: at,
    endedAt: at,
    endedReason: null,
    consentId: null,
    steps: {
      weight: {
        ...EMPTY_STEP,
        state: 'done' as const,
        doneAt: at,
        doneBy: visit.authorId,
        quantity: {
          value: visit.kg,
          unit: 'kg' as const,
          error: 0.1,
          source: 'device' as const,
          deviceId: null,
          calibrationId: null,
          at,
          raw: '',
        },
      },
    },
    reportId: null,
    endsLocally: true,
    patientRequest: null,
    cloud: null,
  };
}

function staffIdOf(initials: string): string {
  return derivedId('demonstration', 'staff', initials);
}
