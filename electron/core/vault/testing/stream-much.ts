/**
 * Writes one large blob, reads it back as a stream and at random places, and prints what that took. A process of its own, so that
 * nothing else is in its memory. Arguments: path, bytes, seed, how many places.
 */
import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import { createBlobReadStream, createBlobWriter, openBlob } from '../blob-file.ts';

const [path = '', bytesText = '', seedText = '', placesText = ''] = process.argv.slice(2);
const bytes = Number(bytesText);
let state = Number(seedText) >>> 0;
const grant = { path, key: Buffer.alloc(32, 7).toString('base64') };
const PIECE = 256 * 1024;

/** Content that can be told from its place alone: each 8 bytes hold their own position. */
function contentAt(start: number, length: number): Buffer {
  const first = Math.floor(start / 8);
  const words = Buffer.allocUnsafe(8 * (Math.ceil((start + length) / 8) - first));
  for (let word = 0; word < words.length / 8; word += 1) {
    words.writeUInt32LE((first + word) >>> 0, 8 * word);
    words.writeUInt32LE((0x9e3779b9 ^ Math.imul(first + word, 31)) >>> 0, 8 * word + 4);
  }
  return words.subarray(start - 8 * first, start - 8 * first + length);
}

/** A linear congruential generator (Numerical Recipes' constants): places that can be met again. */
function between(from: number, to: number): number {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return from + Math.floor((state / 2 ** 32) * (to - from + 1));
}

const sink = await createBlobWriter(grant);
for (let at = 0; at < bytes; at += PIECE) await sink.write(contentAt(at, Math.min(PIECE, bytes - at)));
const written = await sink.finish();

const hash = createHash('sha256');
let read = 0;
for await (const piece of createBlobReadStream(grant)) {
  hash.update(piece as Buffer);
  read += (piece as Buffer).length;
}

let wrong = 0;
const reader = await openBlob(grant);
for (let place = 0; place < Number(placesText); place += 1) {
  const start = between(0, bytes - 1);
  const end = Math.min(bytes, start + between(1, 200_000));
  if (!contentAt(start, end - start).equals(await reader.read(start, end))) wrong += 1;
}
await reader.close();
writeSync(
  1,
  JSON.stringify({
    written,
    read,
    sameHash: hash.digest('hex') === written.sha256,
    wrong,
    peakBytes: process.resourceUsage().maxRSS * 1024,
  }),
);
