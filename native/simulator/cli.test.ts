import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createMtSicsScaleDriver } from '../driver/scale-mt-sics.ts';
import { createTcpTransport } from '../transport/tcp.ts';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

interface Run {
  readonly child: ChildProcess;
  /** Resolves with the match once what was said so far has one. */
  readonly said: (pattern: RegExp) => Promise<RegExpExecArray>;
}

function simulate(...args: readonly string[]): Run {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'cli.ts'), ...args], { stdio: 'pipe' });
  children.push(child);
  let text = '';
  const spoken = new EventEmitter();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      text += bytes.toString('utf8');
      spoken.emit('text');
    });
  }
  const said = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (let match = pattern.exec(text); ; match = pattern.exec(text)) {
      if (match !== null) return match;
      await once(spoken, 'text');
    }
  };
  return { child, said };
}

describe('npm run simulate', () => {
  it('runs a scale that can be spoken to, and stops cleanly when interrupted', async () => {
    const { child, said } = simulate('scale', '--port', '0', '--seed', '4');
    const port = Number((await said(/tcp:\/\/127\.0\.0\.1:(\d+) serial \S+\nready/))[1]);
    const transport = createTcpTransport({ host: '127.0.0.1', port });
    await transport.open(AbortSignal.timeout(5000));
    const scale = createMtSicsScaleDriver({
      deviceId: '0f1c8a52-6a5e-4b6f-9d55-0d6ae0c5a001',
      transport,
      manufacturer: 'Vantage',
      divisionKg: 0.05,
    });
    expect(await scale.weigh(AbortSignal.timeout(10_000))).toMatchObject({ kind: 'completed' });
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([0, null]);
    await scale.close();
  });

  it('runs a camera', async () => {
    const { child, said } = simulate('camera', '--port', '0', '--kind', 'fundus-camera');
    await said(/ptpip:\/\/127\.0\.0\.1:\d+ serial \S+\nready/);
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it.each([
    [['toaster', '--port', '1'], /which device/],
    [['scale'], /--port is needed/],
    [['scale', '--port', '99999'], /--port must be/],
    [['camera', '--port', '0', '--kind', 'x-ray'], /--kind must be/],
    [['scale', '--weight', '3'], /Unknown option/],
  ])('explains itself: %j', async (args, reason) => {
    const { child, said } = simulate(...args);
    const exited = once(child, 'exit');
    await said(reason);
    await said(/usage:/);
    expect(await exited).toEqual([2, null]);
  });
});
