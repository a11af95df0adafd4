/** `npm run clinic -- enrol`, as it is typed, on a clinic that is not running. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { newId } from '../../electron/contract/index.ts';
import { stationIdentity, stationIdOf } from '../../electron/core/station.ts';
import { newKey, openStore, passphraseKeyStore } from '../../electron/core/store/index.ts';
import { readAccount } from '../../electron/core/sync/cloud-account.ts';
import type { TestApi } from '../../workflows/api/testing/test-api.ts';
import { NORTH_HARBOUR, startTestApi } from '../../workflows/api/testing/test-api.ts';
import { newFolder, stopStations } from './station.ts';

const SCRIPT = join(import.meta.dirname, '../../electron/hosts/node/clinic-command.ts');
const PASSPHRASE = 'a passphrase for a test';

let cloud: TestApi;
beforeAll(async () => {
  cloud = await startTestApi();
});
afterAll(async () => cloud.close());
afterEach(stopStations);

async function clinicThatNeverRan(): Promise<{ readonly directory: string; readonly key: Uint8Array }> {
  const directory = newFolder();
  const key = newKey();
  await passphraseKeyStore(join(directory, 'station.key'), PASSPHRASE).save(key);
  const stationId = stationIdOf(directory);
  const store = await openStore({ directory, key, now: Date.now, stationId });
  stationIdentity(store, 'clinic', stationId);
  await store.close();
  return { directory, key };
}

async function command(directory: string, ...given: readonly string[]) {
  const passphrase = join(directory, `passphrase-${newId()}`);
  writeFileSync(passphrase, `${PASSPHRASE}\n`);
  const descriptor = openSync(passphrase, 'r');
  const child = spawn(process.execPath, [SCRIPT, ...given, '--data', directory, '--passphrase-fd', '3'], {
    stdio: ['pipe', 'pipe', 'pipe', descriptor],
  });
  closeSync(descriptor);
  const ended = new Promise<number | null>((resolve) => void child.on('close', resolve));
  return {
    stdin: child.stdin,
    done: (async () => {
      const said = await Promise.all([child.stdout, child.stderr].map(async (stream) => stream && text(stream)));
      return { code: await ended, said: said.join('') };
    })(),
  };
}

it('lets a station in with a code from standard input, which it never repeats', async () => {
  const { directory, key } = await clinicThatNeverRan();
  const code = await cloud.enrolmentCode(NORTH_HARBOUR);
  const { stdin, done } = await command(directory, 'enrol', '--address', cloud.base, '--code-file', '-');
  stdin?.end(`${code}\n`);
  const { code: exit, said } = await done;
  expect([exit, said]).toEqual([0, expect.stringContaining('This station belongs to north, harbour.')]);
  expect(said).not.toContain(code);
  const store = await openStore({ directory, key, now: Date.now, stationId: stationIdOf(directory) });
  expect(readAccount(store.sqlite)?.address).toBe(cloud.base);
  expect(stationIdentity(store, 'clinic', stationIdOf(directory)).tenantId).toBe(NORTH_HARBOUR.tenantId);
  await store.close();
});

it('says what was wrong in the words that screens have, and changes nothing', async () => {
  const { directory, key } = await clinicThatNeverRan();
  const wrong = await command(directory, 'enrol', '--address', cloud.base, '--code', '0000-0000-0000-0000');
  expect(await wrong.done).toMatchObject({ code: 2, said: expect.stringContaining('ENROLMENT_REFUSED') });
  const none = await command(directory, 'enrol', '--address', cloud.base);
  expect(await none.done).toMatchObject({ code: 2, said: expect.stringContaining('INPUT_INVALID') });
  const early = await command(directory, 'renew-cloud-key');
  expect(await early.done).toMatchObject({ code: 2, said: expect.stringContaining('not enrolled') });
  const store = await openStore({ directory, key, now: Date.now, stationId: stationIdOf(directory) });
  expect(readAccount(store.sqlite)).toBeNull();
  await store.close();
});
