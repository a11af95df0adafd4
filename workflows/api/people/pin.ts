/** PINs of the staff, as stations check them: Argon2id (RFC 9106) in PHC form. */
import { randomBytes } from 'node:crypto';
import { argon2id } from 'hash-wasm';

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
