/** How much the picture pipeline costs beside the two things that can't be left out: decoding the file and running the network. */
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import type { JudgeRequest } from '../../electron/contract/index.ts';
import type { BlobAccess } from '../../native/inference/inference-api.ts';
import { createInference } from '../../native/inference/inference.ts';
import { loadModels } from '../../native/inference/model-registry.ts';
import { openRunner, type ModelRunner } from '../../native/inference/session.ts';
import { drawFundus, FUNDUS_FIELD_DEGREES } from '../../native/simulator/scenes/fundus.ts';

export interface InferenceBenchRow {
  readonly name: string;
  /** The ratio must not be larger. */
  readonly goal: number;
  /** Median of the product over median of the reference. */
  readonly ratio: number;
  readonly productMs: number;
  readonly referenceMs: number;
  readonly rounds: number;
  readonly detail: string;
}

const modelsDirectory = join(import.meta.dirname, '../../native/inference/models');
/** 8.3 megapixels, a usual fundus camera. */
const FUNDUS = { width: 3300, height: 2520 } as const;

/**
 * `fundus-to-map-8mp`: from a file on disk to all checks, the stored vessel map and its areas, against bare decoding of the same
 * file plus `session.run` on the same provider at the same input size. Rounds alternate, so that both see the same machine.
 */
export async function benchFundusToMap(rounds = 9): Promise<InferenceBenchRow> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-'));
  const path = join(folder, 'fundus.jpg');
  const jpeg = await drawFundus({ eye: 'right', seed: 8, ...FUNDUS });
  await writeFile(path, jpeg);
  const inference = await createInference({ modelsDirectory, blobs: plainFiles(), log: () => undefined });
  const runner = await openVesselRunner();
  try {
    const grant = (name: string): { path: string; key: string } => ({ path: join(folder, name), key: '' });
    const request: JudgeRequest = {
      subject: 'retina-right',
      mediaType: 'image/jpeg',
      sha256: createHash('sha256').update(jpeg).digest('hex'),
      fieldAngleDegrees: FUNDUS_FIELD_DEGREES,
      gates: ['focus', 'exposure', 'framing', 'even-light'],
      findings: ['retinal-vessels'],
    };
    const product: number[] = [];
    const reference: number[] = [];
    const side = vesselInputSide(FUNDUS_FIELD_DEGREES);
    // Round 0 warms up.
    for (let round = 0; round <= rounds; round += 1) {
      const started = performance.now();
      const judgement = await inference.judge({
        request,
        image: grant('fundus.jpg'),
        thumbnail: grant('thumbnail'),
        overlay: grant('overlay'),
      });
      const productMs = performance.now() - started;
      if (judgement.overlay === null) throw new Error('the picture did not pass, so no map was made');
      const referenceMs = await bareDecodeAndRun(await readFile(path), runner, side);
      if (round === 0) continue;
      product.push(productMs);
      reference.push(referenceMs);
    }
    const productMs = median(product);
    const referenceMs = median(reference);
    return {
      name: 'fundus-to-map-8mp',
      goal: 1.5,
      ratio: productMs / referenceMs,
      productMs,
      referenceMs,
      rounds,
      detail: `${FUNDUS.width}x${FUNDUS.height}, network ${side}x${side} on ${runner.provider}`,
    };
  } finally {
    await inference.close();
    await runner.close();
    await rm(folder, { recursive: true });
  }
}

/** The vessel network by itself. Close it after use. */
export async function openVesselRunner(): Promise<ModelRunner> {
  const entry = (await loadModels(modelsDirectory)).find((candidate) => candidate.folder === 'retinal-vessels');
  if (!entry || !('model' in entry)) throw new Error('retinal-vessels did not load');
  return openRunner(entry.model);
}

/** The side of the network's square input for a field of so many degrees, as the product makes it: field, margin, multiple of 4. */
export function vesselInputSide(fieldAngleDegrees: number): number {
  return Math.ceil((17 * fieldAngleDegrees + 17) / 4) * 4;
}

/** Reference for pictures: decodes the whole file to pixels, runs the network once on a square input; ms. */
export async function bareDecodeAndRun(bytes: Uint8Array, runner: ModelRunner, side: number): Promise<number> {
  const input = new Float32Array(3 * side * side).fill(0.4);
  const started = performance.now();
  await sharp(bytes).raw().toBuffer();
  await runner.run(input, [1, 3, side, side]);
  return performance.now() - started;
}

/** Granted files without a vault: read and written as they are. */
function plainFiles(): BlobAccess {
  return {
    read: async (grant) => readFile(grant.path),
    openSink: async (grant) => {
      const parts: Uint8Array[] = [];
      return {
        write: async (chunk) => {
          parts.push(chunk);
        },
        finish: async () => {
          const bytes = Buffer.concat(parts);
          await writeFile(grant.path, bytes);
          return { sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length };
        },
        abort: async () => rm(grant.path, { force: true }),
      };
    },
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
