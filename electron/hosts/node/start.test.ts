import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('start.ts', import.meta.url));
let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vantage-start-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function start(...given: string[]): Promise<{ code: number | string; said: string }> {
  return new Promise((resolve) => {
    const environment = { ...process.env, CI: 'true', VANTAGE_DIRECTORY: directory };
    execFile(process.execPath, [script, ...given], { env: environment }, (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, said: stdout + stderr }),
    );
  });
}

describe('npm start', () => {
  it('explains its options', async () => {
    const { code, said } = await start('--help');
    expect(code).toBe(0);
    expect(said).toContain('--passphrase-fd');
  });

  it('refuses what it does not know, in one line', async () => {
    for (const option of ['--passphrase=secret', '--port=70000', '--nonsense']) {
      const { code, said } = await start(option);
      expect(code).toBe(1);
      expect(said).toContain(option.split('=')[0]);
      expect(said).not.toContain('secret');
    }
  });
});
