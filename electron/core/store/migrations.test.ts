/** An older file is brought up to date in steps that each commit on their own: killed anywhere, the next opening goes on. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { verifyAudit } from '../audit/index.ts';
import { STORE_FILE, openCipherFile } from './cipher-file.ts';
import { deriveKey, fileKeyStore, openStore } from './index.ts';
import { MIGRATIONS, schemaVersionOf } from './migrations.ts';
import { temporaryFolder } from './testing/documents.ts';

const FIXTURE = join(import.meta.dirname, '../../../test/fixtures/first-landing/clinic');
const MIGRATING = join(import.meta.dirname, 'testing', 'migrating.ts');
/** The version of the plain tables in the fixture. */
const FIRST = 5;

let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
});
afterEach(() => folder.remove());

function freshCopy(): void {
  rmSync(folder.path, { recursive: true, force: true });
  cpSync(FIXTURE, folder.path, { recursive: true });
}

async function keyOf(): Promise<Uint8Array> {
  return (await fileKeyStore(join(folder.path, 'demonstration.key')).load()) ?? new Uint8Array();
}

/** Opens the store in a process that kills itself before the statement with this number. @returns whether it was killed. */
async function killedBefore(statement: number): Promise<boolean> {
  const child = spawn(process.execPath, [MIGRATING, folder.path, String(statement)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  expect([0, null]).toContain(code);
  return signal === 'SIGKILL';
}

async function versionNow(): Promise<number> {
  const sqlite = openCipherFile(join(folder.path, STORE_FILE), deriveKey(await keyOf(), 'store'));
  const version = schemaVersionOf(sqlite);
  sqlite.close();
  return version;
}

it('goes on where it was killed, between two steps and within one', { timeout: 120_000 }, async () => {
  freshCopy();
  expect(await versionNow()).toBe(FIRST);
  const versions = new Set<number>();
  let statement = 1;
  for (; ; statement += 1) {
    freshCopy();
    const killed = await killedBefore(statement);
    versions.add(await versionNow());
    const store = await openStore({
      directory: folder.path,
      key: await keyOf(),
      now: Date.now,
      stationId: readFileSync(join(folder.path, 'station-id'), 'utf8').trim(),
    });
    expect(schemaVersionOf(store.sqlite)).toBe(MIGRATIONS.length);
    expect(await store.count('patients')).toBe(9);
    expect(verifyAudit(store)).toEqual({ entries: 46, ok: true });
    expect(store.integrityCheck().ok).toBe(true);
    await store.close();
    if (!killed) break;
  }
  // Two statements a step: its tables, and its number.
  expect(statement).toBe(2 * (MIGRATIONS.length - FIRST) + 1);
  expect([...versions]).toEqual(Array.from({ length: MIGRATIONS.length - FIRST + 1 }, (_, index) => FIRST + index));
});
