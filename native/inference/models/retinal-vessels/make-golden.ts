/**
 * Writes golden-input.bin and golden-output.bin (CPU provider) beside this file and prints their hashes for manifest.json.
 * Only for a new version of the network: `node native/inference/models/retinal-vessels/make-golden.ts`
 */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { seededRandom } from '../../planes.ts';

const SIZE = 64;

/** An orange ground with a shade across, noise, and three dark curved lines of 2, 3 and 5 px; planes R, G, B in 0-1. */
function goldenInput(): Float32Array {
  const random = seededRandom(64);
  const values = new Float32Array(3 * SIZE * SIZE);
  for (let y = 0; y < SIZE; y += 1) {
    for (let x = 0; x < SIZE; x += 1) {
      const lines = [
        [Math.abs(y - 14 - 4 * Math.sin(x / 9)), 1],
        [Math.abs(x - 40 - 5 * Math.sin(y / 11)), 1.5],
        [Math.abs(y - 2 * x + 30) / Math.sqrt(5), 2.5],
      ] as const;
      let depth = 0;
      for (const [distance, halfWidth] of lines) depth = Math.max(depth, Math.exp(-((distance / halfWidth) ** 2)));
      const light = 0.85 + (0.3 * x) / SIZE + 0.02 * (random() - 0.5);
      const at = y * SIZE + x;
      values[at] = Math.fround(0.7 * light - 0.15 * depth);
      values[SIZE * SIZE + at] = Math.fround(0.35 * light - 0.18 * depth);
      values[2 * SIZE * SIZE + at] = Math.fround(0.12 * light - 0.04 * depth);
    }
  }
  return values;
}

const here = (name: string): URL => new URL(name, import.meta.url);
const input = goldenInput();
const session = await InferenceSession.create(await readFile(here('retinal-vessels.onnx')), {
  executionProviders: ['cpu'],
});
const { y } = await session.run({ x: new Tensor('float32', input, [1, 3, SIZE, SIZE]) });
const output = (y as Tensor).data as Float32Array;
for (const [name, data] of [
  ['golden-input.bin', input],
  ['golden-output.bin', output],
] as const) {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  await writeFile(here(name), bytes);
  process.stdout.write(`${name} ${createHash('sha256').update(bytes).digest('hex')}\n`);
}
const found = output.filter((value) => value >= 0.5).length;
process.stdout.write(`${found} of ${output.length} pixels are vessel\n`);
await session.release();
