/** Adds a visit at the desk: somebody came without a booking. The person, where new, and the visit are one transaction. */
import type { BookingInput, Patient } from '../../contract/index.ts';
import { dayOf, newId, protocolOf, sessionIdOf, VantageError } from '../../contract/index.ts';
import type { StationIdentity } from '../station.ts';
import type { Store, StoreTransaction } from '../store/index.ts';
import type { Author } from './author.ts';

const FIRST_BIRTH_DATE = '1880-01-01';

/**
 * Sent twice it books once. Nobody is taken for somebody else of the same name: whoever is known is booked by their number.
 *
 * @throws VantageError INPUT_INVALID (`birthDate`: in the future; `number`: is somebody else's), PATIENT_KNOWN, NOT_FOUND (protocol);
 * then nothing has changed
 */
export async function bookVisit(
  { store, station, now }: { readonly store: Store; readonly station: StationIdentity; readonly now: () => Date },
  input: BookingInput,
  author: Author,
): Promise<{ readonly appointmentId: string; readonly sessionId: string }> {
  const { appointmentId, birthDate } = input;
  const protocol = protocolOf(input.protocolId);
  const day = dayOf(now());
  if (birthDate > day || birthDate < FIRST_BIRTH_DATE) {
    throw new VantageError('INPUT_INVALID', 'birth date', { field: 'birthDate' });
  }
  const at = now().toISOString();
  const common = { tenantId: station.tenantId, locationId: station.locationId, authorId: author.id };
  await store.transaction((tx) => {
    if (tx.get('appointments', appointmentId) !== null) return;
    const entry = (action: string, subjectKind: string, subjectId: string): void =>
      tx.audit({ at, actorId: author.id, role: author.role, action, subjectKind, subjectId, detail: {} });
    let patient = knownPatient(tx, input);
    if (patient === null) {
      const id = newId();
      const { givenName, familyName, sex } = input;
      const number = input.number || `V-${id.slice(0, 8).toUpperCase()}`;
      patient = tx.put('patients', {
        ...common,
        id,
        number,
        givenName,
        familyName,
        birthDate,
        sex,
        language: 'en',
        allergies: [],
        accessNeeds: [],
      });
      entry('patient.added', 'patient', id);
    }
    tx.put('appointments', {
      ...common,
      id: appointmentId,
      patientId: patient.id,
      startsAt: at,
      day,
      protocolId: protocol.id,
      room: input.room,
      note: '',
      codeHash: null,
      state: 'booked',
    });
    entry('appointment.booked', 'appointment', appointmentId);
  });
  return { appointmentId, sessionId: sessionIdOf(appointmentId) };
}

/** Whom the number names; null: nobody, this is a new person. */
function knownPatient(tx: StoreTransaction, { number, ...entered }: BookingInput): Patient | null {
  const isSame = (patient: Patient): boolean =>
    patient.birthDate === entered.birthDate &&
    folded(patient.familyName) === folded(entered.familyName) &&
    folded(patient.givenName) === folded(entered.givenName);
  if (number === '') {
    const known = tx.find('patients', { selector: { birthDate: entered.birthDate } }).some(isSame);
    if (known) throw new VantageError('PATIENT_KNOWN');
    return null;
  }
  const numbered = tx.find('patients', { selector: { number } });
  const same = numbered.find(isSame);
  if (same === undefined && numbered.length > 0) {
    throw new VantageError('INPUT_INVALID', 'number', { field: 'number' });
  }
  return same ?? null;
}

/** As people compare names: without case, accents and spaces. */
function folded(name: string): string {
  return name
    .normalize('NFD')
    .replaceAll(/[\p{M}\s]/gu, '')
    .toLocaleLowerCase('en');
}
