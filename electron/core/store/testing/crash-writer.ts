/**
 * A process that writes until it is killed, and says on its standard output what was acknowledged: one line per transaction,
 * after its promise has resolved. Arguments: folder, first number.
 */
import { writeSync } from 'node:fs';
import { appointmentDraft, auditEntry, openTestStore, patientDraft, startIntent } from './documents.ts';

const [, , directory = '', first = '0'] = process.argv;
const store = await openTestStore(directory);
writeSync(1, 'open\n');
for (let number = Number(first); ; number += 1) {
  const patient = patientDraft(number, { allergies: [`note ${'x'.repeat(number % 3000)}`] });
  await store.writeMany(
    [
      { name: 'patients', document: patient },
      { name: 'appointments', document: appointmentDraft(number) },
    ],
    { audit: [auditEntry('patient.created', patient.id, { number })], intents: [startIntent(number, patient.id)] },
  );
  writeSync(1, `${number}\n`);
}
