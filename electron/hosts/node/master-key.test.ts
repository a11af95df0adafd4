import { spawnSync } from 'node:child_process';
import { constants, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { askPassphrase, loadMasterKey } from './master-key.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vantage-key-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const right = async (): Promise<string> => 'correct horse';
const nobody = async (): Promise<string> => {
  throw new Error('the demonstration asks nobody');
};

describe('master key of the Node host', () => {
  it('is made once in the demonstration, readable by its owner only', async () => {
    const first = await loadMasterKey({ directory, mode: 'demonstration', passphrase: nobody });
    expect(first).toHaveLength(32);
    expect(await loadMasterKey({ directory, mode: 'demonstration', passphrase: nobody })).toEqual(first);
    expect(statSync(join(directory, 'demonstration.key')).mode & 0o777).toBe(0o600);
  });

  it('is opened by its passphrase and by no other', async () => {
    const first = await loadMasterKey({ directory, mode: 'clinic', passphrase: right });
    expect(await loadMasterKey({ directory, mode: 'clinic', passphrase: right })).toEqual(first);
    const kept = readFileSync(join(directory, 'station.key'));
    await expect(
      loadMasterKey({ directory, mode: 'clinic', passphrase: async () => 'wrong horse' }),
    ).rejects.toMatchObject({ code: 'KEY_WRONG' });
    expect(readFileSync(join(directory, 'station.key')).equals(kept)).toBe(true);
  });

  it('is never made anew where data lies that it could not open', async () => {
    writeFileSync(join(directory, 'clinic.db'), 'data');
    await expect(loadMasterKey({ directory, mode: 'demonstration', passphrase: nobody })).rejects.toMatchObject({
      code: 'KEY_MISSING',
    });
  });

  it('takes the passphrase from a file descriptor, whole, and says so when there is none or it is too long', async () => {
    const path = join(directory, 'passphrase');
    writeFileSync(path, 'correct horse\nnot this\n');
    expect(await askPassphrase(openSync(path, 'r'), 'open')).toBe('correct horse');
    const longest = 'ض'.repeat(1024);
    writeFileSync(path, `${longest}\n`);
    expect(await askPassphrase(openSync(path, 'r'), 'open')).toBe(longest);
    for (const end of ['', '\n']) {
      writeFileSync(path, `${longest}.${end}`);
      await expect(askPassphrase(openSync(path, 'r'), 'station')).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    }
    writeFileSync(path, '');
    await expect(askPassphrase(openSync(path, 'r'), 'open')).rejects.toMatchObject({ code: 'PASSPHRASE_UNREADABLE' });
    await expect(askPassphrase(1000, 'open')).rejects.toMatchObject({
      code: 'PASSPHRASE_UNREADABLE',
      detail: expect.stringMatching(/descriptor 1000 can't be read; npm hands on only 0 to 2/),
    });
  });

  it.skipIf(process.platform === 'win32')(
    'takes a line from a descriptor that never ends, and waits for none without end',
    async () => {
      const path = join(directory, 'pipe');
      expect(spawnSync('mkfifo', [path]).status).toBe(0);
      const silent = openSync(path, constants.O_RDWR);
      await expect(askPassphrase(silent, 'open', 200)).rejects.toMatchObject({
        code: 'PASSPHRASE_UNREADABLE',
        detail: expect.stringMatching(/gave no line within 1 s/),
      });
      const given = openSync(path, constants.O_RDWR);
      writeSync(given, 'correct horse\n');
      expect(await askPassphrase(given, 'open')).toBe('correct horse');
      const zeros = openSync('/dev/zero', 'r');
      await expect(askPassphrase(zeros, 'open')).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    },
  );

  it('takes a short passphrase for what is locked already, and not for what it shall lock from now on', async () => {
    const path = join(directory, 'passphrase');
    writeFileSync(path, 'eleven char\n');
    expect(await askPassphrase(openSync(path, 'r'), 'open')).toBe('eleven char');
    for (const purpose of ['station', 'recovery'] as const)
      await expect(askPassphrase(openSync(path, 'r'), purpose)).rejects.toMatchObject({ code: 'PASSPHRASE_SHORT' });
  });
});
