/** How a station has its key when its own store fails it, and where a new one goes; on the true key files of both hosts. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PROBLEMS } from '../contract/index.ts';
import { checkValueOf } from '../core/store/cipher-file.ts';
import { deriveKey, fileKeyStore, newKey, passphraseKeyStore, wrappedKeyStore } from '../core/store/key-handling.ts';
import { recoveryKeyStore } from '../core/store/recovery-key.ts';
import { stationKeys } from './station-keys.ts';
import type { StationKeys } from './station-keys.ts';

const OWN = 'correct horse battery';
const RECOVERY = 'käse und brot und wein';

let directory: string;
let key: Uint8Array;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'vantage-keys-'));
  key = newKey();
  // From here on data lie there: no key is made anew.
  writeFileSync(join(directory, 'clinic.db'), 'encrypted');
  await recoveryKeyStore(directory, RECOVERY).save(key);
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** As an opening leaves it: which key the data have. */
function writeCheck(of: Uint8Array): void {
  writeFileSync(join(directory, 'clinic.check'), checkValueOf(deriveKey(of, 'store')));
}

function withPassphrase(given: string): StationKeys {
  const path = join(directory, 'station.key');
  return stationKeys(directory, {
    custody: { kind: 'passphrase' },
    path,
    passphrase: { given, storeOf: (entered) => passphraseKeyStore(path, entered) },
    mayReplace: false,
  });
}

/** A key ring that can be set up anew. */
function withRing(mask: number, backend = 'gnome_libsecret'): StationKeys {
  const path = join(directory, 'station.ring-key');
  const masked = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ mask);
  return stationKeys(directory, {
    custody: backend === 'basic_text' ? { kind: 'memory' } : { kind: 'key-ring', ring: backend },
    path,
    store: wrappedKeyStore(path, {
      backend,
      wrap: async (bytes) => new Uint8Array([mask, ...masked(bytes)]),
      unwrap: async (wrapped) => {
        if (wrapped[0] !== mask) throw new Error('not of this ring');
        return masked(wrapped.subarray(1));
      },
    }),
    mayReplace: true,
  });
}

function withFile(): StationKeys {
  const path = join(directory, 'demonstration.key');
  return stationKeys(directory, { custody: { kind: 'file' }, path, store: fileKeyStore(path), mayReplace: false });
}

describe('a station with a passphrase', () => {
  it('names its key file where that is gone, and still opens with the passphrase for recovery', async () => {
    writeFileSync(join(directory, 'clinic.db'), 'data');
    await expect(withPassphrase(OWN).load()).rejects.toMatchObject({ code: 'KEY_FILE_MISSING' });
    expect(PROBLEMS.KEY_FILE_MISSING.happened).toContain('station.key');
    expect(PROBLEMS.KEY_FILE_MISSING.todo).not.toContain('key ring');
    expect(await withPassphrase(RECOVERY).load()).toEqual(key);
  });

  it('is opened by its own one, by the one for recovery wherever it is entered, and by no other', async () => {
    await passphraseKeyStore(join(directory, 'station.key'), OWN).save(key);
    expect(withPassphrase(OWN).passphrases()).toEqual(['station', 'recovery']);
    expect(await withPassphrase(OWN).load()).toEqual(key);
    expect(await withPassphrase(RECOVERY).load()).toEqual(key);
    await expect(withPassphrase('neither of them').load()).rejects.toMatchObject({ code: 'KEY_WRONG' });
    const keys = withPassphrase('neither of them');
    await expect(keys.unlock('nor this one')).rejects.toMatchObject({ code: 'PASSPHRASE_WRONG' });
    expect(await keys.unlock(OWN)).toEqual(key);
    expect(keys.isByRecovery()).toBe(false);
    expect(await keys.unlock(RECOVERY)).toEqual(key);
    expect(keys.isByRecovery()).toBe(true);
  });

  it('keeps a forgotten passphrase’s file until the key is another, and then is opened by the one in hand', async () => {
    const path = join(directory, 'station.key');
    await passphraseKeyStore(path, 'a forgotten one').save(key);
    const before = readFileSync(path);
    const keys = withPassphrase('');
    await keys.unlock(RECOVERY);
    await keys.opened(key);
    expect(readFileSync(path)).toEqual(before);
    const next = newKey();
    await keys.save(next);
    // The key of now was never opened by it.
    expect(keys.isByRecovery()).toBe(false);
    expect(await passphraseKeyStore(path, RECOVERY).load()).toEqual(next);
    expect(readFileSync(`${path}.former`)).toEqual(before);
  });

  it('whose key was changed on a host with a key ring is told so, and opened by the passphrase for recovery alone', async () => {
    const path = join(directory, 'station.key');
    await passphraseKeyStore(path, OWN).save(newKey());
    writeCheck(key);
    // Nobody else keeps a key here: it may be of another clinic, and core says that it does not fit.
    const stale = await withPassphrase(OWN).load();
    expect(stale).not.toEqual(key);
    await withRing(0x11).save(key);
    await expect(withPassphrase(OWN).load()).rejects.toMatchObject({ code: 'KEY_CHANGED_ELSEWHERE' });
    await expect(withPassphrase('').unlock(OWN)).rejects.toMatchObject({ code: 'KEY_CHANGED_ELSEWHERE' });
    const keys = withPassphrase(OWN);
    expect(await keys.unlock(RECOVERY)).toEqual(key);
    await keys.opened(key);
    expect(await passphraseKeyStore(path, OWN).load()).toEqual(stale);
    // The same passphrase may lock both.
    await recoveryKeyStore(directory, OWN).save(key);
    expect(await withPassphrase(OWN).load()).toEqual(key);
    expect(await withPassphrase('').unlock(OWN)).toEqual(key);
  });

  it('saves a new key over no file but that of its own key, and keeps one beside that nobody can open any more', async () => {
    const path = join(directory, 'station.key');
    writeCheck(key);
    await passphraseKeyStore(path, OWN).save(key);
    const keys = withPassphrase(OWN);
    await keys.load();
    await passphraseKeyStore(path, OWN).save(newKey());
    const foreign = readFileSync(path);
    await expect(keys.save(newKey())).rejects.toMatchObject({ code: 'KEY_FILE_OTHER' });
    writeFileSync(path, 'somebody’s notes');
    await expect(keys.save(newKey())).rejects.toMatchObject({ code: 'KEY_FILE_OTHER' });
    expect(readFileSync(path, 'utf8')).toBe('somebody’s notes');
    writeFileSync(path, foreign);
    const unlocked = withPassphrase('');
    await unlocked.unlock(RECOVERY);
    await unlocked.save(newKey());
    expect(readFileSync(`${path}.former`)).toEqual(foreign);
    expect(await passphraseKeyStore(path, RECOVERY).load()).not.toEqual(key);
  });

  it('whose file is gone is given one again under the passphrase that opened it', async () => {
    const keys = withPassphrase(RECOVERY);
    const loaded = await keys.load();
    await keys.opened(loaded);
    expect(await passphraseKeyStore(join(directory, 'station.key'), RECOVERY).load()).toEqual(key);
  });
});

describe('a station with a key ring', () => {
  it('that was set up anew opens with the passphrase for recovery, and by itself from the next start on', async () => {
    await withRing(0x11).save(key);
    const keys = withRing(0x22);
    await expect(keys.load()).rejects.toMatchObject({ code: 'KEY_MISSING' });
    expect(keys.passphrases()).toEqual(['recovery']);
    const unlocked = await keys.unlock(RECOVERY);
    // Not before the clinic has opened with it: it may be of another clinic.
    await expect(withRing(0x22).load()).rejects.toMatchObject({ code: 'KEY_MISSING' });
    await keys.opened(unlocked);
    expect(await withRing(0x22).load()).toEqual(key);
  });

  it('whose key was changed elsewhere opens with the passphrase that locks the new one, and by itself from the next start on', async () => {
    await withRing(0x11).save(key);
    const next = newKey();
    await passphraseKeyStore(join(directory, 'station.key'), RECOVERY).save(next);
    rmSync(join(directory, 'recovery.key'));
    const keys = withRing(0x11);
    expect(await keys.load()).toEqual(key);
    expect(keys.passphrases()).toEqual(['station']);
    await expect(keys.unlock(OWN)).rejects.toMatchObject({ code: 'PASSPHRASE_WRONG' });
    await keys.opened(await keys.unlock(RECOVERY));
    expect(await withRing(0x11).load()).toEqual(next);
    // Changed again by this host: what lies in the other's file is old, whoever has the same passphrase.
    const last = newKey();
    await recoveryKeyStore(directory, RECOVERY).save(last);
    expect(await withRing(0x11).unlock(RECOVERY)).toEqual(last);
  });

  it('that protects nothing is given no key, neither an old one nor a new one', async () => {
    const keys = withRing(0x33, 'basic_text');
    await expect(keys.load()).rejects.toMatchObject({ code: 'KEY_STORE_INSECURE' });
    const unlocked = await keys.unlock(RECOVERY);
    await keys.opened(unlocked);
    await expect(keys.save(newKey())).rejects.toMatchObject({ code: 'KEY_NOT_KEPT' });
    expect(existsSync(join(directory, 'station.ring-key'))).toBe(false);
  });
});

describe('a demonstration', () => {
  it('has its lost key file again once the passphrase for recovery has opened it, and loses none that lies there', async () => {
    const keys = withFile();
    await expect(keys.load()).rejects.toMatchObject({ code: 'KEY_MISSING' });
    await keys.opened(await keys.unlock(RECOVERY));
    expect(await withFile().load()).toEqual(key);
    const other = newKey();
    await fileKeyStore(join(directory, 'demonstration.key')).save(other);
    const again = withFile();
    await again.opened(await again.unlock(RECOVERY));
    expect(await withFile().load()).toEqual(other);
  });
});

it('asks for no passphrase where none was ever chosen', () => {
  rmSync(join(directory, 'recovery.key'));
  expect([withFile().passphrases(), withPassphrase('').passphrases(), withRing(1).passphrases()]).toEqual([[], [], []]);
});
