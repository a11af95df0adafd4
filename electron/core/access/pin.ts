/** PINs are kept as Argon2id (RFC 9106). A PIN is short, so the wait between tries (access.ts) does the greater part. */
import { randomBytes } from 'node:crypto';
import { argon2id, argon2Verify } from 'hash-wasm';

/** @returns the hash in PHC form. */
export async function hashPin(pin: string): Promise<string> {
  return argon2id({
    password: pin,
    salt: randomBytes(16),
    parallelism: 1,
    iterations: 3,
    memorySize: 19_456,
    hashLength: 32,
    outputType: 'encoded',
  });
}

export async function verifyPin(hash: string, pin: string): Promise<boolean> {
  return argon2Verify({ password: pin, hash });
}
