/**
 * A process that writes and anchors as fast as it can until it is killed. It says on its standard output what the station would tell a
 * person at opening: `open` and the codes of what was found. Arguments: folder, first number.
 */
import { writeSync } from 'node:fs';
import { openAnchored } from './anchored-store.ts';
import { auditEntry, patientDraft } from './documents.ts';

const [, , directory = '', first = '0'] = process.argv;
const { store, anchor } = await openAnchored(directory);
writeSync(1, `open ${anchor.findings.map((finding) => finding.code).join(' ')}\n`);
for (let number = Number(first); ; number += 1) {
  const patient = patientDraft(number);
  const anchored = anchor.flush();
  await store.write('patients', patient, { audit: [auditEntry('patient.created', patient.id)] });
  if (number % 3 === 0) await anchored;
  writeSync(1, `${number}\n`);
}
