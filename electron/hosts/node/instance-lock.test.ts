/** One station per directory, also when several are started at the same instant after a power cut. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, symlinkSync, utimesSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import type { InstanceLock } from './instance-lock.ts';
import { lockInstance } from './instance-lock.ts';

const HOLDER = fileURLToPath(new URL('fixtures/hold-lock.ts', import.meta.url));
const held: InstanceLock[] = [];
const directories: string[] = [];

afterEach(async () => {
  for (const lock of held.splice(0)) await lock.release();
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
});

/** A directory whose station was killed: its socket is still there, and nobody behind it. */
async function leftBehind(): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'vantage-lock-'));
  directories.push(directory);
  const holder = spawn(process.execPath, [HOLDER, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  return directory;
}

async function startAtOnce(directory: string, count: number): Promise<string[]> {
  const started = await Promise.allSettled(
    Array.from({ length: count }, async () => {
      held.push(await lockInstance(directory, () => undefined));
    }),
  );
  return started.map((one) =>
    one.status === 'fulfilled' ? 'has it' : String((one.reason as { code?: unknown }).code),
  );
}

it('is given to one of those that start at once', async () => {
  const answers = await startAtOnce(await leftBehind(), 4);
  expect(answers.toSorted()).toEqual(['SECOND_INSTANCE', 'SECOND_INSTANCE', 'SECOND_INSTANCE', 'has it']);
});

it('is taken over although somebody was killed while taking it over', async () => {
  const directory = await leftBehind();
  const turn = join(directory, 'instance.sock.turn');
  mkdirSync(turn);
  utimesSync(turn, new Date(0), new Date(0));
  expect(await startAtOnce(directory, 1)).toEqual(['has it']);
});

it.skipIf(process.platform === 'win32')(
  'is one, whatever the folder is called and wherever temporary files go',
  async () => {
    const parent = mkdtempSync(join(tmpdir(), 'vantage-lock-'));
    directories.push(parent);
    const directory = join(parent, 'long-'.repeat(24));
    mkdirSync(directory);
    const other = join(parent, 'other'.repeat(20));
    symlinkSync(directory, other);
    const holder = spawn(process.execPath, [HOLDER, directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, TMPDIR: parent },
    });
    try {
      await once(holder.stdout, 'data');
      expect(await startAtOnce(directory, 1)).toEqual(['SECOND_INSTANCE']);
      expect(await startAtOnce(other, 1)).toEqual(['SECOND_INSTANCE']);
    } finally {
      holder.kill('SIGKILL');
      await once(holder, 'exit');
    }
  },
);
