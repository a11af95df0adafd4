/**
 * A process that opens the store and kills itself (SIGKILL) just before the n-th statement of the migrations. Arguments: folder, n. Ends
 * with 0 when they had fewer.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import BetterSqlite from 'better-sqlite3-multiple-ciphers';
import { fileKeyStore, openStore } from '../index.ts';
import { MIGRATIONS } from '../migrations.ts';

const [, , directory = '', kill = '1'] = process.argv;
const key = await fileKeyStore(join(directory, 'demonstration.key')).load();
if (key === null) throw new Error('no key');

let left = Number(kill);
const texts = new Set(MIGRATIONS.map(({ sql }) => sql));
const prototype = Object.getPrototypeOf(new BetterSqlite(':memory:')) as object;
for (const [name, counts] of [
  ['exec', (sql: unknown) => texts.has(String(sql))],
  ['pragma', (sql: unknown) => String(sql).startsWith('user_version =')],
] as const) {
  const original = Reflect.get(prototype, name) as (...values: unknown[]) => unknown;
  Reflect.set(prototype, name, function counted(this: unknown, ...values: unknown[]) {
    if (counts(values[0])) left -= 1;
    if (left === 0) process.kill(process.pid, 'SIGKILL');
    return original.apply(this, values);
  });
}
const stationId = readFileSync(join(directory, 'station-id'), 'utf8').trim();
const store = await openStore({ directory, key, now: Date.now, stationId });
await store.close();
