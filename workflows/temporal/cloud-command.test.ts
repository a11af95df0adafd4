import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WORKFLOW_TYPES, derivedId, newId, workflowIdOf, VISITS_QUEUE } from '../../electron/contract/index.ts';
import { clientConverter } from '../codec/data-converter.ts';
import { EncryptionCodec } from '../codec/encryption-codec.ts';
import { ownKeys, readKeys } from '../codec/keys.ts';
import { needsTemporal } from '../testing/needs-temporal.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vantage-cloud-'));
  chmodSync(folder, 0o755);
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const TENANT_ID = derivedId('development', 'tenant');

describe('npm run cloud', () => {
  it('runs the workflows of a station that uses what it says', async (context) => {
    const { program } = needsTemporal(context);
    const child = spawn(process.execPath, ['workflows/cloud.ts', '--folder', join(folder, 'cloud'), '--port', '0'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env['PATH'], TEMPORAL_CLI: program },
    });
    const gone = once(child, 'exit');
    try {
      let said = '';
      const [, address, keysFile] = await new Promise<RegExpExecArray>((resolve, reject) => {
        const hear = (chunk: Buffer): void => {
          said += chunk.toString();
          const found = /^Workflows +TEMPORAL_ADDRESS=(\S+) TEMPORAL_PAYLOAD_KEYS_FILE=(\S+)/m.exec(said);
          if (found !== null) resolve(found);
          else if (/^Workflows +none/m.test(said)) reject(new Error(said));
        };
        child.stdout.on('data', hear);
        child.stderr.on('data', hear);
        child.once('exit', () => reject(new Error(said)));
      });
      const keys = ownKeys(TENANT_ID, readKeys(readFileSync(keysFile ?? '', 'utf8').trim()));
      const connection = await Connection.connect({ address: address ?? '' });
      const client = new Client({ connection, dataConverter: clientConverter(new EncryptionCodec(keys, TENANT_ID)) });
      const sessionId = newId();
      const input = {
        sessionId,
        userId: newId(),
        tenantId: TENANT_ID,
        locationId: derivedId('development', 'location'),
        buildId: '0.1.0',
        startedAt: '2026-11-21T09:00:00.000Z',
      };
      const handle = await client.workflow.start(WORKFLOW_TYPES.session, {
        workflowId: workflowIdOf('session', sessionId),
        taskQueue: VISITS_QUEUE,
        args: [input],
      });
      await expect
        .poll(async () => (await handle.query<{ step: string }>('getState')).step, { timeout: 60_000 })
        .toBe('waiting-for-captures');
      await connection.close();
    } finally {
      child.kill('SIGTERM');
      expect(await gone).toEqual([0, null]);
    }
  }, 240_000);
});
