/** A core that deletes pictures until somebody kills it. Arguments: directory, which round it is. Prints `ready` before it begins. */
import { writeSync } from 'node:fs';
import { openStoredClinic, sessionDraft, storePicture } from '../../vault/testing/stored-clinic.ts';
import { Retention } from '../retention.ts';

const [directory = '', round = ''] = process.argv.slice(2);
const now = (): Date => new Date('2027-06-01T12:00:00.000Z');
const clinic = await openStoredClinic(directory, { now });
for (let count = 0; count < 12; count += 1) {
  const session = sessionDraft(`${round}-${count}`);
  await clinic.store.write('sessions', session);
  // Every third picture has the content of another visit's.
  const image = Buffer.alloc(20_000, `${round}-${count % 3 === 2 ? count - 1 : count}`);
  await storePicture(clinic, session, 'retina-left', {
    image,
    thumbnail: Buffer.from(`small ${round}-${count}`),
    overlay: null,
  });
}
const log = { debug() {}, info() {}, warn() {}, error() {} };
const retention = new Retention({ ...clinic, verifiedAt: () => now().toISOString(), now, log });
writeSync(1, 'ready\n');
await retention.run();
// All gone before the kill came: there is nothing left to do but wait for it.
setInterval(() => undefined, 1000);
