/**
 * A process that restores a backup or changes the master key and kills itself (SIGKILL) just before its n-th call into the file system.
 * Arguments: `restore` or `key`, the clinic's directory, n, key file. Ends with 0 when it had fewer calls to make.
 */
import { readdirSync } from 'node:fs';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { fileKeyStore, newKey } from '../../store/key-handling.ts';
import { changeMasterKey } from '../change-key.ts';
import { restoreBackup } from '../restore.ts';
import { BY } from './test-clinic.ts';

const SYNCHRONOUS = ['renameSync', 'rmSync', 'writeFileSync', 'openSync', 'mkdirSync', 'fsyncSync'] as const;
const ASYNCHRONOUS = ['open', 'rename', 'rm', 'mkdir', 'copyFile', 'link', 'readFile'] as const;

const [, , what, directory = '', kill = '0', keyFile = ''] = process.argv;
const keyStore = fileKeyStore(keyFile);
const masterKey = await keyStore.load();
if (masterKey === null) throw new Error('no key');
const [name = ''] = readdirSync(join(directory, 'backups')).filter((entry) => entry !== 'blobs');
killBefore(Number(kill));
const now = (): Date => new Date('2026-11-22T08:30:00.000Z');
if (what === 'restore') {
  await restoreBackup({ directory, path: join(directory, 'backups', name), masterKey, by: BY, now });
} else {
  await changeMasterKey({ directory, masterKey, newKey: newKey(), save: (next) => keyStore.save(next), by: BY, now });
}

function killBefore(call: number): void {
  let left = call;
  const counted = (holder: object, names: readonly string[]): void => {
    for (const each of names) {
      const original = Reflect.get(holder, each) as (...values: unknown[]) => unknown;
      Reflect.set(holder, each, (...values: unknown[]) => {
        left -= 1;
        if (left === 0) process.kill(process.pid, 'SIGKILL');
        return original(...values);
      });
    }
  };
  counted(fs, SYNCHRONOUS);
  counted(fs.promises, ASYNCHRONOUS);
  syncBuiltinESMExports();
}
