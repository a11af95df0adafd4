import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { desktopKeys, keyRingBackend, keyRingStore } from './key-store.ts';

/** Electron's key ring cannot run here: the same four functions, with a reversible wrapping that is not the plain text. */
function keyRing(backend: string, mask = 0x5a) {
  const masked = (bytes: Uint8Array): Buffer => Buffer.from(bytes.map((byte) => byte ^ mask));
  return {
    isEncryptionAvailable: () => backend !== 'unknown',
    getSelectedStorageBackend: () => backend as 'gnome_libsecret',
    encryptString: (text: string) => masked(Buffer.from(`v11${text}`)),
    decryptString: (wrapped: Buffer) => {
      const text = masked(wrapped).toString('utf8');
      if (!text.startsWith('v11')) throw new Error('Error while decrypting the ciphertext');
      return text.slice(3);
    },
  };
}

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vantage-key-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const name = (platform: NodeJS.Platform, isAvailable: boolean, linuxBackend = ''): string =>
  keyRingBackend({ platform, isAvailable, linuxBackend });

describe('which key ring', () => {
  it('is named by the platform, and on Linux by the backend', () => {
    expect(name('darwin', true)).toBe('keychain');
    expect(name('win32', true)).toBe('dpapi');
    expect(name('linux', true, 'kwallet6')).toBe('kwallet6');
    expect(name('linux', true, 'basic_text')).toBe('basic_text');
    expect(name('linux', true)).toBe('unknown');
    expect(name('darwin', false)).toBe('unknown');
  });
});

describe('the wrapped key', () => {
  it.each(['basic_text', 'unknown'])('is neither made nor written with %s', async (backend) => {
    await expect(desktopKeys({ directory, mode: 'clinic' }, keyRing(backend), 'linux').load()).rejects.toMatchObject({
      code: 'KEY_STORE_INSECURE',
    });
    expect(readdirSync(directory)).toEqual([]);
  });

  it('is the same at the next start and does not lie there in the clear', async () => {
    const key = await desktopKeys({ directory, mode: 'clinic' }, keyRing('gnome_libsecret'), 'linux').load();
    expect(key).toHaveLength(32);
    expect(await desktopKeys({ directory, mode: 'clinic' }, keyRing('gnome_libsecret'), 'linux').load()).toEqual(key);
    const file = readFileSync(join(directory, 'station.ring-key'));
    expect(file.includes(Buffer.from(key))).toBe(false);
    expect(file.toString('latin1')).not.toContain(Buffer.from(key).toString('base64'));
  });

  it('of another key ring is not replaced', async () => {
    const path = join(directory, 'station.ring-key');
    await keyRingStore(path, keyRing('gnome_libsecret'), 'linux').save(new Uint8Array(32).fill(7));
    const before = readFileSync(path);
    await expect(keyRingStore(path, keyRing('gnome_libsecret', 0x11), 'linux').load()).rejects.toMatchObject({
      code: 'KEY_MISSING',
    });
    expect(readFileSync(path)).toEqual(before);
  });

  it('is not made anew where data lies that another key has locked', async () => {
    writeFileSync(join(directory, 'clinic.db'), 'locked');
    await expect(desktopKeys({ directory, mode: 'clinic' }, keyRing('kwallet6'), 'linux').load()).rejects.toMatchObject(
      {
        code: 'KEY_MISSING',
      },
    );
    expect(readdirSync(directory)).toEqual(['clinic.db']);
  });
});

describe('the demonstration', () => {
  it('keeps its key in a file and asks no key ring', async () => {
    const key = await desktopKeys({ directory, mode: 'demonstration' }, keyRing('basic_text'), 'linux').load();
    expect(await desktopKeys({ directory, mode: 'demonstration' }, keyRing('unknown'), 'linux').load()).toEqual(key);
  });
});
