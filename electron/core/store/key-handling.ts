/**
 * The station's master key: 256 random bits, kept by one of three stores. It never stands in the environment, an argument or
 * a log. What locks a file is derived from it per purpose, so that no two things share a key.
 */
import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { argon2id } from 'hash-wasm';
import { z } from 'zod';
import { VantageError } from '../../contract/index.ts';
import { readIfThere, writeDurably } from './durable-file.ts';

export const KEY_BYTES = 32;

/** Where a host keeps the key that a passphrase opens, in the clinic's folder. */
export const PASSPHRASE_FILE = 'station.key';

export interface KeyStore {
  /** @returns null where no key was saved yet. @throws VantageError KEY_WRONG, KEY_MISSING, KEY_STORE_INSECURE */
  load(): Promise<Uint8Array | null>;
  save(key: Uint8Array): Promise<void>;
}

/** What a host can do that has a key ring: Electron's `safeStorage` in the desktop host. */
export interface KeyWrapper {
  /** `safeStorage.getSelectedStorageBackend()` on Linux; the name of the platform's key ring elsewhere. */
  readonly backend: string;
  wrap(key: Uint8Array): Promise<Uint8Array>;
  unwrap(wrapped: Uint8Array): Promise<Uint8Array>;
}

export function newKey(): Uint8Array {
  return new Uint8Array(randomBytes(KEY_BYTES));
}

/** A key for one purpose ('store', 'vault'): HKDF-SHA-256 (RFC 5869) of the master key. Knowing one says nothing of another. */
export function deriveKey(master: Uint8Array, purpose: string): Uint8Array {
  const key = createSecretKey(master);
  return new Uint8Array(hkdfSync('sha256', key, new Uint8Array(0), `vantage-workstation/v1/${purpose}`, KEY_BYTES));
}

/**
 * The key that is there, or a new one, saved before it is used.
 * @param mayMake false where data lies already: a new key could not open it. @throws VantageError KEY_MISSING
 */
export async function loadOrMakeKey(keyStore: KeyStore, options: { readonly mayMake: boolean }): Promise<Uint8Array> {
  const known = await keyStore.load();
  if (known !== null) return known;
  if (!options.mayMake) throw new VantageError('KEY_MISSING', 'no key was saved, and data lies here that needs one');
  const key = newKey();
  await keyStore.save(key);
  return key;
}

/** Demonstration clinic only: the key lies beside the data, for its owner to read (mode 0600). */
export function fileKeyStore(path: string): KeyStore {
  return {
    load: async () => {
      const text = readIfThere(path)?.toString('utf8').trim();
      if (text === undefined) return null;
      if (!/^[0-9a-f]{64}$/.test(text)) throw new VantageError('KEY_WRONG', 'the key file does not hold a key');
      return new Uint8Array(Buffer.from(text, 'hex'));
    },
    save: async (key) => writeKeyFile(path, `${Buffer.from(checkedKey(key)).toString('hex')}\n`),
  };
}

/** Whether a key ring protects nothing. @param backend as `KeyWrapper` names it. */
export function isInsecure(backend: string): boolean {
  return backend === 'basic_text' || backend === 'unknown';
}

/** Wrapped by the host's key ring. Electron's `basic_text` is a fixed password: that is refused, for reading too. */
export function wrappedKeyStore(path: string, wrapper: KeyWrapper): KeyStore {
  const refuseInsecure = (): void => {
    if (isInsecure(wrapper.backend)) {
      throw new VantageError('KEY_STORE_INSECURE', `backend ${wrapper.backend}`);
    }
  };
  return {
    load: async () => {
      refuseInsecure();
      const wrapped = readIfThere(path);
      if (wrapped === null) return null;
      try {
        return checkedKey(await wrapper.unwrap(new Uint8Array(wrapped)));
      } catch (error) {
        throw new VantageError('KEY_MISSING', 'the key ring could not unwrap the key', { cause: error });
      }
    },
    save: async (key) => {
      refuseInsecure();
      writeKeyFile(path, await wrapper.wrap(checkedKey(key)));
    },
  };
}

/** Argon2id (RFC 9106): its second recommended set is 64 MiB, 3 passes; what was used is kept in the file. */
const ARGON2 = { memoryKiB: 64 * 1024, passes: 3, lanes: 4 } as const;

const base64 = z.base64().transform((text) => Buffer.from(text, 'base64'));
const passphraseFileSchema = z.object({
  version: z.literal(1),
  kdf: z.literal('argon2id'),
  memoryKiB: z
    .number()
    .int()
    .min(8 * 1024)
    .max(1024 * 1024),
  passes: z.number().int().min(1).max(20),
  lanes: z.number().int().min(1).max(16),
  salt: base64,
  nonce: base64,
  ciphertext: base64,
  tag: base64,
});

/** The key, encrypted (AES-256-GCM) under what Argon2id makes of a passphrase. A wrong passphrase is KEY_WRONG. */
export function passphraseKeyStore(path: string, passphrase: string): KeyStore {
  if (passphrase.length === 0) throw new VantageError('KEY_MISSING', 'the passphrase is empty');
  return {
    load: async () => {
      const text = readIfThere(path)?.toString('utf8');
      if (text === undefined) return null;
      const file = parsedPassphraseFile(text);
      const decipher = createDecipheriv('aes-256-gcm', await stretched(passphrase, file.salt, file), file.nonce);
      decipher.setAAD(headerOf(file));
      decipher.setAuthTag(file.tag);
      try {
        return checkedKey(new Uint8Array(Buffer.concat([decipher.update(file.ciphertext), decipher.final()])));
      } catch (error) {
        throw new VantageError('KEY_WRONG', 'the passphrase does not fit', { cause: error });
      }
    },
    save: async (key) => {
      const salt = randomBytes(16);
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', await stretched(passphrase, salt, ARGON2), nonce);
      cipher.setAAD(headerOf(ARGON2));
      const ciphertext = Buffer.concat([cipher.update(checkedKey(key)), cipher.final()]);
      const bytes = { salt, nonce, ciphertext, tag: cipher.getAuthTag() };
      const encoded = Object.fromEntries(
        Object.entries(bytes).map(([name, value]) => [name, value.toString('base64')]),
      );
      writeKeyFile(path, `${JSON.stringify({ version: 1, kdf: 'argon2id', ...ARGON2, ...encoded }, null, 2)}\n`);
    },
  };
}

type Argon2Parameters = Pick<z.infer<typeof passphraseFileSchema>, 'memoryKiB' | 'passes' | 'lanes'>;

function stretched(passphrase: string, salt: Uint8Array, parameters: Argon2Parameters): Promise<Uint8Array> {
  return argon2id({
    // The same passphrase typed on another keyboard may come in another Unicode form.
    password: passphrase.normalize('NFKC'),
    salt,
    memorySize: parameters.memoryKiB,
    iterations: parameters.passes,
    parallelism: parameters.lanes,
    hashLength: KEY_BYTES,
    outputType: 'binary',
  });
}

function headerOf({ memoryKiB, passes, lanes }: Argon2Parameters): Buffer {
  return Buffer.from(`vantage key file 1 argon2id ${memoryKiB} ${passes} ${lanes}`);
}

function parsedPassphraseFile(text: string): z.infer<typeof passphraseFileSchema> {
  try {
    return passphraseFileSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new VantageError('KEY_WRONG', 'the key file is damaged', { cause: error });
  }
}

function checkedKey(key: Uint8Array): Uint8Array {
  if (key.length !== KEY_BYTES) throw new VantageError('KEY_WRONG', 'a key has 32 bytes');
  return key;
}

function writeKeyFile(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeDurably(path, content, 0o600);
}
