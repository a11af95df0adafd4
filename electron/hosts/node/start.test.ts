import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
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

  it('opens the folder that is named, and says which descriptor can not be read', async () => {
    const named = join(directory, 'restored');
    const { code, said } = await start('--data', named, '--clinic', '--passphrase-fd', '900');
    expect(code).toBe(1);
    expect(said).toContain(`Clinic:   ${named}\n`);
    for (const words of ['PASSPHRASE_UNREADABLE', 'descriptor 900', '--passphrase-fd 0']) expect(said).toContain(words);
    expect(existsSync(named)).toBe(false);
  });

  it('begins nothing in a folder that holds somebody’s files', async () => {
    const named = join(directory, 'letters');
    mkdirSync(named);
    writeFileSync(join(named, 'letter.txt'), 'Dear');
    for (const more of [[], ['--clinic', '--passphrase-fd', '900']]) {
      const { code, said } = await start('--data', named, ...more);
      expect([code, said]).toEqual([1, expect.stringContaining('FOLDER_NOT_CLINIC')]);
    }
    expect(readdirSync(named)).toEqual(['letter.txt']);
  });

  it('sets up no clinic under a passphrase that is too short', async () => {
    const child = spawnSync(process.execPath, [script, '--clinic', '--passphrase-fd', '0'], {
      env: { ...process.env, CI: 'true', VANTAGE_DIRECTORY: directory },
      input: 'too short\n',
      encoding: 'utf8',
    });
    expect(child.status).toBe(1);
    expect(child.stderr).toContain('PASSPHRASE_SHORT');
    expect(existsSync(join(directory, 'clinic'))).toBe(false);
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
