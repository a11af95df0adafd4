import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { deriveKey, fileKeyStore, loadOrMakeKey, newKey, passphraseKeyStore, wrappedKeyStore } from './key-handling.ts';
import { temporaryFolder } from './testing/documents.ts';

let folder: ReturnType<typeof temporaryFolder>;
let path: string;
beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder.path, 'keys', 'station.key');
});
afterEach(() => folder.remove());

const reversed = async (bytes: Uint8Array): Promise<Uint8Array> => bytes.toReversed();
const locked = async (): Promise<never> => Promise.reject(new Error('locked'));

describe('the key', () => {
  it('is made once, saved before it is used, and never made where data waits for another', async () => {
    const keys = fileKeyStore(path);
    await expect(loadOrMakeKey(keys, { mayMake: false })).rejects.toMatchObject({ code: 'KEY_MISSING' });
    const made = await loadOrMakeKey(keys, { mayMake: true });
    expect(await loadOrMakeKey(fileKeyStore(path), { mayMake: false })).toEqual(made);
    expect(made).toHaveLength(32);
  });

  it('gives each purpose a key of its own', () => {
    const master = newKey();
    expect(deriveKey(master, 'store')).toEqual(deriveKey(master, 'store'));
    expect(deriveKey(master, 'store')).not.toEqual(deriveKey(master, 'vault'));
    expect(deriveKey(newKey(), 'store')).not.toEqual(deriveKey(master, 'store'));
  });
});

describe('the key file of a demonstration', () => {
  it('is for its owner only, leaves nothing beside it, and is refused when damaged', async () => {
    const key = newKey();
    await fileKeyStore(path).save(key);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(folder.path, 'keys'))).toEqual(['station.key']);
    expect(await fileKeyStore(path).load()).toEqual(key);
    writeFileSync(path, 'half a k');
    await expect(fileKeyStore(path).load()).rejects.toMatchObject({ code: 'KEY_WRONG' });
  });
});

describe('a passphrase', () => {
  it('opens what it locked, in any Unicode form; another does not; the key is not in the file', async () => {
    const key = newKey();
    await passphraseKeyStore(path, 'käse und brot').save(key);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await passphraseKeyStore(path, 'ka\u0308se und brot').load()).toEqual(key);
    await expect(passphraseKeyStore(path, 'käse und brot ').load()).rejects.toMatchObject({ code: 'KEY_WRONG' });
    const text = readFileSync(path, 'utf8');
    expect(JSON.parse(text)).toMatchObject({ kdf: 'argon2id', memoryKiB: 65_536, passes: 3, lanes: 4 });
    expect(text).not.toContain(Buffer.from(key).toString('base64'));
    writeFileSync(path, text.replace('"passes": 3', '"passes": 4'));
    await expect(passphraseKeyStore(path, 'käse und brot').load()).rejects.toMatchObject({ code: 'KEY_WRONG' });
    expect(() => passphraseKeyStore(path, '')).toThrow('KEY_MISSING');
  });

  it('finds nothing where nothing was saved', async () => {
    expect(await passphraseKeyStore(path, 'x').load()).toBeNull();
  });
});

describe('a key ring', () => {
  it('wraps the key and unwraps it', async () => {
    const key = newKey();
    const keys = wrappedKeyStore(path, { backend: 'gnome_libsecret', wrap: reversed, unwrap: reversed });
    expect(await keys.load()).toBeNull();
    await keys.save(key);
    expect(await keys.load()).toEqual(key);
    expect(new Uint8Array(readFileSync(path))).toEqual(key.toReversed());
  });

  it('that is none is refused, for saving and loading', async () => {
    const keys = wrappedKeyStore(path, { backend: 'basic_text', wrap: reversed, unwrap: reversed });
    await expect(keys.save(newKey())).rejects.toMatchObject({ code: 'KEY_STORE_INSECURE' });
    await expect(keys.load()).rejects.toMatchObject({ code: 'KEY_STORE_INSECURE' });
  });

  it('that is locked is a missing key, not a new one', async () => {
    writeFileSync(join(folder.path, 'wrapped'), 'something');
    const keys = wrappedKeyStore(join(folder.path, 'wrapped'), { backend: 'kwallet5', wrap: locked, unwrap: locked });
    await expect(loadOrMakeKey(keys, { mayMake: true })).rejects.toMatchObject({ code: 'KEY_MISSING' });
  });
});
