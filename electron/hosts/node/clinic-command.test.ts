/** The commands as they are typed, on a copy of a clinic that the first version wrote. */
import { spawn } from 'node:child_process';
import {
  closeSync,
  cpSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fileKeyStore, newKey, openStore, passphraseKeyStore } from '../../core/store/index.ts';
import { recoveryKeyStore } from '../../core/store/recovery-key.ts';
import { lockInstance } from './instance-lock.ts';

const FIXTURE = join(import.meta.dirname, '../../../test/fixtures/first-landing/clinic');
const SCRIPT = join(import.meta.dirname, 'clinic-command.ts');

let folder: string;
let clinic: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vantage-command-'));
  clinic = join(folder, 'clinic');
  cpSync(FIXTURE, clinic, { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Said {
  readonly code: number | null;
  readonly said: string;
}

/** @param passphrases given on file descriptors 3 and 4. */
async function command(given: readonly string[], ...passphrases: readonly string[]): Promise<Said> {
  const descriptors = passphrases.map((passphrase, index) => {
    const path = join(folder, `passphrase-${index}`);
    writeFileSync(path, `${passphrase}\n`);
    return openSync(path, 'r');
  });
  try {
    const child = spawn(process.execPath, [SCRIPT, ...given, '--data', clinic], {
      stdio: ['ignore', 'pipe', 'pipe', ...descriptors],
      env: { ...process.env, CI: 'true' },
    });
    const ended = new Promise<number | null>((resolve) => void child.on('close', resolve));
    const [out, error] = await Promise.all(
      [child.stdout, child.stderr].map(async (stream) => (stream === null ? '' : text(stream))),
    );
    return { code: await ended, said: `${out}${error}` };
  } finally {
    for (const descriptor of descriptors) closeSync(descriptor);
  }
}

/** Opens the store once, as a start does: from then on it has this version's tables. */
async function patients(key: Uint8Array): Promise<number> {
  const store = await openStore({
    directory: clinic,
    key,
    now: Date.now,
    stationId: readFileSync(join(clinic, 'station-id'), 'utf8').trim(),
  });
  const count = await store.count('patients');
  await store.close();
  return count;
}

async function demonstrationKey(): Promise<Uint8Array> {
  return (await fileKeyStore(join(clinic, 'demonstration.key')).load()) ?? new Uint8Array();
}

describe('npm run clinic', () => {
  it('explains itself, and refuses what it does not know or what is not there', async () => {
    const help = await command(['--help']);
    expect(help.code).toBe(0);
    for (const word of ['check', 'backup', 'restore', 'salvage', 'rotate-key', '--passphrase-fd'])
      expect(help.said).toContain(word);
    expect(await command(['nonsense'])).toMatchObject({ code: 2, said: expect.stringContaining('nonsense') });
    expect(await command(['check', '--passphrase=secret'])).toMatchObject({
      code: 2,
      said: expect.not.stringContaining('secret'),
    });
    rmSync(clinic, { recursive: true });
    expect(await command(['check'])).toMatchObject({ code: 2, said: expect.stringContaining('NOT_FOUND') });
    expect(existsSync(clinic)).toBe(false);
  });

  it('does nothing to a clinic that is running', async () => {
    const lock = await lockInstance(clinic, () => undefined);
    try {
      expect(await command(['rotate-key'])).toMatchObject({
        code: 2,
        said: expect.stringContaining('SECOND_INSTANCE'),
      });
    } finally {
      await lock.release();
    }
  });

  it('verifies the audit trail, copies a period of it, and verifies the copy where no clinic is', async () => {
    const verified = await command(['verify-audit']);
    expect(verified).toMatchObject({ code: 0, said: expect.stringContaining('46 entries') });
    const period = ['--from', '2020-01-01', '--until', '2120-01-01'];
    const made = await command(['export-audit', ...period, '--to', join(folder, 'copies')]);
    expect(made.code).toBe(0);
    const file = made.said.split('\n')[0] ?? '';
    expect(await command(['export-audit', '--from', 'yesterday', '--until', '2120-01-01'])).toMatchObject({
      code: 2,
      said: expect.stringContaining('INPUT_INVALID'),
    });

    rmSync(clinic, { recursive: true });
    const key = /Key ([0-9a-f]{64})/.exec(verified.said)?.[0] ?? 'no key';
    const copy = await command(['verify-export', file]);
    expect(copy.code).toBe(0);
    // The clinic's own key; its 46 entries, that they were verified, and that they were copied.
    for (const words of [key, '48 entries', 'signed up to entry 48']) expect(copy.said).toContain(words);
    writeFileSync(file, readFileSync(file, 'utf8').replace('"patient.read"', '"patient.fled"'));
    expect(await command(['verify-export', file])).toMatchObject({
      code: 1,
      said: expect.stringContaining('was changed'),
    });
  });

  it('says where an audit trail was tampered with', async () => {
    const key = await demonstrationKey();
    const stationId = readFileSync(join(clinic, 'station-id'), 'utf8').trim();
    const store = await openStore({ directory: clinic, key, now: Date.now, stationId });
    store.sqlite.exec(`DROP TRIGGER audit_no_update; UPDATE audit SET action = 'nothing' WHERE sequence = 7`);
    await store.close();
    expect(await command(['verify-audit'])).toMatchObject({
      code: 1,
      said: expect.stringContaining('entry 7: changed'),
    });
  });

  it('checks, backs up, restores and salvages', { timeout: 180_000 }, async () => {
    const before = readFileSync(join(clinic, 'clinic.db'));
    expect(await command(['check'])).toMatchObject({
      code: 0,
      said: expect.stringContaining('46 audit entries, 15 files.\nAll is well.'),
    });
    expect(readFileSync(join(clinic, 'clinic.db')).equals(before)).toBe(true);

    expect(await command(['backup'])).toMatchObject({
      code: 0,
      said: expect.stringMatching(/It was not read back yet. .* verify-backup \d{8}T\d{6}Z\n/),
    });
    expect((await command(['backups'])).said).toMatch(/^\d{8}T\d{6}Z .* 16 files {2}never verified$/m);
    expect(await command(['verify-backup'])).toMatchObject({ code: 0, said: expect.stringContaining('is whole') });
    const elsewhere = join(folder, 'elsewhere');
    expect(await command(['backup', '--to', elsewhere])).toMatchObject({ code: 0 });

    const damaged = readFileSync(join(clinic, 'clinic.db'));
    damaged.fill(0, 4096 * 40, 4096 * 40 + 50);
    writeFileSync(join(clinic, 'clinic.db'), damaged);
    expect(await command(['check'])).toMatchObject({
      code: 1,
      said: expect.stringContaining('STORE_DAMAGED: pages 41 are damaged'),
    });
    expect(await command(['copy', '--to', join(folder, 'copy')])).toMatchObject({ code: 0 });
    const [copy = ''] = readdirSync(join(folder, 'copy'));
    expect(readdirSync(join(folder, 'copy', copy)).toSorted()).toEqual(['clinic.check', 'clinic.db', 'station-id']);
    const salvaged = await command(['salvage']);
    expect(salvaged.said).toContain('1 of ');
    expect([0, 1]).toContain(salvaged.code);

    const restored = await command(['restore', '--to', elsewhere]);
    expect(restored).toMatchObject({ code: 0, said: expect.stringContaining('The clinic is as it was at') });
    expect(await command(['check'])).toMatchObject({
      code: 0,
      said: expect.stringContaining('47 audit entries, 15 files.'),
    });
    expect(await patients(await demonstrationKey())).toBe(9);
  });

  it('names the next step for half a file, with a backup and without one', { timeout: 120_000 }, async () => {
    expect(await command(['backup'])).toMatchObject({ code: 0 });
    truncateSync(join(clinic, 'clinic.db'), 200_000);
    const half = await command(['check']);
    expect(half).toMatchObject({ code: 1, said: expect.stringMatching(/STORE_DAMAGED: .*\nNext: {2}restore \d{8}T/) });
    expect(half.said).toMatch(/\nOr: {2}salvage: /);
    rmSync(join(clinic, 'backups'), { recursive: true });
    expect((await command(['check'])).said).toContain('Next:  restore FOLDER: there is no backup');
  });

  it(
    'takes the recovery passphrase where the clinic’s own key file holds a former key',
    { timeout: 60_000 },
    async () => {
      const key = await demonstrationKey();
      rmSync(join(clinic, 'demonstration.key'));
      await patients(key);
      // As after a change on a host with a key ring, which left the other host's file as it was.
      await passphraseKeyStore(join(clinic, 'station.key'), 'the former one').save(newKey());
      writeFileSync(join(clinic, 'station.ring-key'), 'wrapped');
      await recoveryKeyStore(clinic, 'the third passphrase').save(key);
      const withPassphrase = ['--passphrase-fd', '3'];
      expect(await command(['check', ...withPassphrase], 'the former one')).toMatchObject({
        code: 2,
        said: expect.stringContaining('KEY_CHANGED_ELSEWHERE'),
      });
      expect(await command(['check', ...withPassphrase], 'the third passphrase')).toMatchObject({
        code: 0,
        said: expect.stringMatching(/The recovery passphrase opened it;[^]*All is well/),
      });
      expect(await command(['check', ...withPassphrase], 'none of them')).toMatchObject({
        code: 2,
        said: expect.stringContaining('KEY_WRONG'),
      });
      // The same one may lock both files.
      await recoveryKeyStore(clinic, 'the former one').save(key);
      expect(await command(['check', ...withPassphrase], 'the former one')).toMatchObject({ code: 0 });
    },
  );

  it('gives the clinic a new key, and a passphrase a new one', { timeout: 180_000 }, async () => {
    const old = await demonstrationKey();
    expect(await command(['rotate-key'])).toMatchObject({ code: 0 });
    const key = await demonstrationKey();
    expect(key).not.toEqual(old);
    expect(await command(['check'])).toMatchObject({
      code: 0,
      said: expect.stringContaining('15 files.\nAll is well.'),
    });
    await expect(patients(old)).rejects.toMatchObject({ code: 'KEY_WRONG' });

    // The same clinic as one with a passphrase.
    rmSync(join(clinic, 'demonstration.key'));
    await passphraseKeyStore(join(clinic, 'station.key'), 'first').save(key);
    const withPassphrase = ['--passphrase-fd', '3'];
    expect(await command(['check', ...withPassphrase], 'wrong')).toMatchObject({
      code: 2,
      said: expect.stringContaining('KEY_WRONG'),
    });
    expect(
      await command(['change-passphrase', ...withPassphrase, '--new-passphrase-fd', '4'], 'first', 'the second one'),
    ).toMatchObject({ code: 0 });
    expect(await command(['check', ...withPassphrase], 'first')).toMatchObject({ code: 2 });
    expect(
      await command(
        ['recovery-passphrase', ...withPassphrase, '--new-passphrase-fd', '4'],
        'the second one',
        'the third passphrase',
      ),
    ).toMatchObject({ code: 0 });
    const elsewhere = join(folder, 'elsewhere');
    expect(await command(['backup', '--to', elsewhere, ...withPassphrase], 'the second one')).toMatchObject({
      code: 0,
    });

    // Restored into a new folder, the key comes from the backup; its own passphrase opens it, and another does not.
    const [made = ''] = readdirSync(elsewhere).filter((entry) => entry !== 'blobs');
    const backup = join(elsewhere, made);
    rmSync(clinic, { recursive: true });
    expect(await command(['restore', backup, ...withPassphrase], 'some other one')).toMatchObject({
      code: 2,
      said: expect.stringContaining('PASSPHRASE_WRONG'),
    });
    expect(await command(['restore', backup, ...withPassphrase], 'the second one')).toMatchObject({ code: 0 });
    expect(await command(['check', ...withPassphrase], 'the second one')).toMatchObject({ code: 0 });

    // Where the backup has none either, it is said how to name one; nobody is asked for a passphrase.
    rmSync(clinic, { recursive: true });
    const without = join(folder, 'without', made);
    cpSync(backup, without, { recursive: true });
    for (const name of ['station.key', 'recovery.key']) rmSync(join(without, name));
    const refused = await command(['restore', without]);
    expect(refused).toMatchObject({ code: 2, said: expect.stringContaining('KEY_FILE_MISSING') });
    expect(refused.said).toContain('--recovery FILE');
    expect(existsSync(join(clinic, 'clinic.db'))).toBe(false);

    // The computer is gone; what is left is the backup and the recovery passphrase.
    rmSync(clinic, { recursive: true, force: true });
    const recovery = ['--recovery', join(backup, 'recovery.key')];
    expect(
      await command(['restore', '--to', elsewhere, ...recovery, ...withPassphrase], 'the third passphrase'),
    ).toMatchObject({
      code: 0,
    });
    expect(await command(['check', ...withPassphrase], 'the third passphrase')).toMatchObject({
      code: 0,
      said: expect.stringContaining('All is well.'),
    });
    await expect(patients(newKey())).rejects.toMatchObject({ code: 'KEY_WRONG' });
  });
});
