/** `npm run temporal:*` as processes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { needsTemporal } from '../testing/needs-temporal.ts';
import { runningIn } from './development.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vantage-temporal-'));
});
afterEach(async () => {
  await temporal('down', {});
  rmSync(folder, { recursive: true, force: true });
});

async function temporal(
  command: string,
  environment: Readonly<Record<string, string>>,
  args: readonly string[] = ['--folder', folder],
) {
  const child = spawn(process.execPath, ['workflows/temporal/command.ts', command, ...args], {
    env: { PATH: process.env['PATH'], HOME: folder, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [said, error] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (error += chunk.toString()));
  const [code] = (await once(child, 'exit')) as [number];
  return { code, said, error };
}

describe('a development server', () => {
  it('outlives the command that started it, is one per folder, and knows again what it knew', async (context) => {
    const { program } = needsTemporal(context);
    const environment = { TEMPORAL_CLI: program };
    const ports = ['--folder', folder, '--port', '0', '--ui-port', '0'];
    const up = await temporal('up', environment, ports);
    expect(up).toMatchObject({ code: 0, error: '' });
    const [, address = ''] = /TEMPORAL_ADDRESS=(\S+)/.exec(up.said) ?? [];
    expect((await temporal('up', environment, ports)).said).toContain(`runs already: TEMPORAL_ADDRESS=${address}`);

    const { said: page } = await temporal('ui', {});
    expect((await fetch(page.trim())).status).toBe(200);
    expect((await temporal('ui', { TEMPORAL_WEB_URL: 'https://temporal.example.org' })).said).toBe(
      'https://temporal.example.org\n',
    );
    const listed = await temporal('cli', { ...environment, TEMPORAL_ADDRESS: address }, ['workflow', 'list']);
    expect(listed).toMatchObject({ code: 0, error: '' });

    const connection = await Connection.connect({ address });
    const { firstExecutionRunId } = await new Client({ connection }).workflow.start('nobodyRunsIt', {
      workflowId: 'kept',
      taskQueue: 'nobody',
    });
    await connection.close();
    const running = runningIn(folder);
    expect(running?.address).toBe(address);
    expect(await temporal('down', {})).toMatchObject({ code: 0, said: expect.stringContaining('stopped') as string });
    expect(() => process.kill(running?.pid ?? 0, 0)).toThrow('ESRCH');
    expect((await temporal('down', {})).said).toBe('none runs\n');
    expect(await temporal('ui', {})).toMatchObject({ code: 2 });

    const port = address.split(':')[1] ?? '';
    await temporal('up', environment, ['--folder', folder, '--port', port, '--ui-port', '0']);
    const again = await Connection.connect({ address });
    const { runId } = await new Client({ connection: again }).workflow.getHandle('kept').describe();
    await again.close();
    expect(runId).toBe(firstExecutionRunId);
    expect(await temporal('logs', {})).toMatchObject({ code: 0 });
  });

  it('is not taken for another process that got its number', async () => {
    const state = { pid: process.pid, address: '127.0.0.1:1', namespace: 'default', webUrl: 'http://127.0.0.1:1' };
    writeFileSync(join(folder, 'server.json'), JSON.stringify(state));
    expect(runningIn(folder)).toBeNull();
    expect(await temporal('down', {})).toMatchObject({ code: 0, said: 'none runs\n' });
  });

  it('that can not be had says how to get one', async () => {
    const up = await temporal('up', { TEMPORAL_CLI: join(folder, 'temporal') });
    expect(up).toMatchObject({ code: 2 });
    expect(up.error).toContain('TEMPORAL_CLI names no program');
    expect(up.error).toContain('https://temporal.download/cli');
  });

  it('that does not start shows its last words', async () => {
    const up = await temporal('up', { TEMPORAL_CLI: '/bin/false' });
    expect([up.code, up.error]).toEqual([2, expect.stringContaining('did not start')]);
    expect(readFileSync(join(folder, 'server.log'), 'utf8')).toBe('');
  });
});
