import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { needsTemporal } from '../testing/needs-temporal.ts';
import { temporalProgram } from './binary.ts';
import { startTemporal } from './server.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vantage-temporal-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function say(line: string): void {
  expect.unreachable(line);
}

async function start(address: string, workflowId: string) {
  const connection = await Connection.connect({ address });
  try {
    const client = new Client({ connection });
    return await client.workflow.start('nobodyRunsIt', {
      workflowId,
      taskQueue: 'nobody',
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      workflowIdConflictPolicy: 'USE_EXISTING',
    });
  } finally {
    await connection.close();
  }
}

describe('the program', () => {
  it('that is named is taken, and one that is named and not there is an error', async () => {
    const environment = { TEMPORAL_CLI: process.execPath };
    expect(await temporalProgram({ environment, say: () => undefined })).toBe(process.execPath);
    const wrong = { TEMPORAL_CLI: join(folder, 'temporal') };
    await expect(temporalProgram({ environment: wrong, say: () => undefined })).rejects.toThrow('TEMPORAL_CLI');
  });

  it('that is on the path comes before one that was got earlier', async () => {
    const [installed, kept] = [join(folder, 'bin'), join(folder, 'cache')];
    const name = process.platform === 'win32' ? 'temporal.exe' : 'temporal';
    for (const path of [installed, kept]) {
      mkdirSync(path);
      writeFileSync(join(path, name), '', { mode: 0o755 });
    }
    const options = { folder: kept, say };
    expect(await temporalProgram({ ...options, environment: { PATH: installed } })).toBe(join(installed, name));
    expect(await temporalProgram({ ...options, environment: { PATH: folder } })).toBe(join(kept, name));
  });
});

describe('the development server', () => {
  it('keeps what it knew when it was killed, and is there again at the same port', async (context) => {
    const { program } = needsTemporal(context);
    const databaseFile = join(folder, 'temporal.db');
    const first = await startTemporal({ program, databaseFile });
    const before = await start(first.address, 'kept');
    await first.kill();
    const second = await startTemporal({ program, databaseFile, port: first.port });
    try {
      const after = await start(second.address, 'kept');
      expect(after.firstExecutionRunId).toBe(before.firstExecutionRunId);
    } finally {
      await second.stop();
    }
  });

  it('says why it does not start', async () => {
    await expect(startTemporal({ program: join(folder, 'no program') })).rejects.toThrow('ENOENT');
  });
});
