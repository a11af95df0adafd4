/**
 * Writes canaries wherever the store and the vault can hold something, makes them work on them (sorting, checking, writing the log
 * back, replacing), says `written` and then waits to be killed. Argument: the folder of the clinic.
 */
import { join } from 'node:path';
import { writeSync } from 'node:fs';
import { derivedId } from '../../../electron/contract/index.ts';
import type { Log } from '../../../electron/core/clinic-api.ts';
import { openStore } from '../../../electron/core/store/index.ts';
import { COLLECTION_NAMES } from '../../../electron/core/store/schemas.ts';
import { KEY, STATION } from '../../../electron/core/store/testing/documents.ts';
import { createBlobWriter, openVault } from '../../../electron/core/vault/index.ts';
import { CANARY_AUDIT, CANARY_FILE, CANARY_INTENT, CANARY_TEXT, canaryDocument } from './canary.ts';

/** More than the store keeps in memory of its pages, so that sorting all of it could spill. */
const COPIES = 3000;

const [directory = ''] = process.argv.slice(2);
const say = (fields: Readonly<Record<string, unknown>>, message: string): void =>
  console.log(JSON.stringify({ ...fields, message }));
const log: Log = { debug: say, info: say, warn: say, error: say };

const store = await openStore({ directory, key: KEY, now: Date.now, stationId: STATION, log });
const vault = await openVault({
  directory: join(directory, 'vault'),
  database: store.sqlite,
  masterKey: KEY,
  now: () => new Date(),
  log,
  reserveBytes: 0,
});
await store.writeMany(
  COLLECTION_NAMES.map((name) => ({ name, document: canaryDocument(name) }) as never),
  { audit: [CANARY_AUDIT], intents: [CANARY_INTENT] },
);
await store.transaction((tx) => {
  for (let copy = 0; copy < COPIES; copy += 1) {
    const patient = canaryDocument('patients');
    tx.put('patients', { ...patient, id: derivedId('canary', copy), allergies: [`${CANARY_TEXT} ${copy}`.repeat(8)] });
  }
});
store.sqlite.prepare('SELECT data, count(*) FROM "rx:patients:0" GROUP BY data ORDER BY data DESC').all();
store.sqlite.pragma('wal_checkpoint(TRUNCATE)');
// Refused, and so in an error; and a change, so that the log holds something again.
const refused = await store.write('patients', { ...canaryDocument('patients'), birthDate: CANARY_TEXT }).catch(String);
console.log(refused);
await store.update('patients', canaryDocument('patients').id, (patient) => ({ ...patient, givenName: CANARY_TEXT }));
store.integrityCheck();

// One that is stored, one that is still being written when the process is killed.
const whole = await vault.grantWrite({ subject: CANARY_TEXT });
const sink = await createBlobWriter(whole.grant);
await sink.write(CANARY_FILE);
await vault.commit(whole.pendingId, { ...(await sink.finish()), mediaType: 'text/plain' });
const half = await vault.grantWrite({ subject: CANARY_TEXT });
const unfinished = await createBlobWriter(half.grant);
for (let time = 0; time < 20; time += 1) await unfinished.write(CANARY_FILE);

writeSync(1, 'written\n');
setInterval(() => undefined, 60_000);
