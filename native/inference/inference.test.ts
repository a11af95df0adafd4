import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { judgementSchema, type JudgeRequest, type Judgement } from '../../electron/contract/index.ts';
import { drawBody as drawBodyScene } from '../simulator/scenes/body.ts';
import { drawFundus, FUNDUS_FIELD_DEGREES } from '../simulator/scenes/fundus.ts';
import { createInference } from './inference.ts';
import { memoryBlobs } from './test-blobs.ts';

const modelsDirectory = join(import.meta.dirname, 'models');
/** Real photographs with hand-drawn vessels; only some checkouts have them beside the project. */
const chaseFolder = join(import.meta.dirname, '../../../shared/data/chase-db1');
const chase = existsSync(chaseFolder) ? readdirSync(chaseFolder).filter((name) => name.endsWith('.jpg')) : [];

const blobs = memoryBlobs();
let inference: Awaited<ReturnType<typeof createInference>>;
let fundus: Buffer;

beforeAll(async () => {
  inference = await createInference({ modelsDirectory, blobs, log: () => undefined });
  fundus = await drawFundus({ eye: 'right', seed: 5, width: 1500, height: 1200 });
});
afterAll(async () => inference.close());

function grant(path: string): { path: string; key: string } {
  return { path, key: '' };
}

function areaIn(judgement: Judgement, region: string): number | undefined {
  return judgement.findings[0]?.values.find((value) => value.region === region)?.value;
}

async function judge(
  picture: Uint8Array,
  request: Partial<JudgeRequest> = {},
  signal?: AbortSignal,
): Promise<Judgement> {
  blobs.pictures.set('picture', picture);
  return inference.judge(
    {
      request: {
        subject: 'retina-right',
        mediaType: 'image/jpeg',
        sha256: createHash('sha256').update(picture).digest('hex'),
        fieldAngleDegrees: FUNDUS_FIELD_DEGREES,
        gates: ['focus', 'exposure', 'framing', 'even-light'],
        findings: ['retinal-vessels'],
        ...request,
      },
      image: grant('picture'),
      thumbnail: grant('thumbnail'),
      overlay: grant('overlay'),
    },
    { signal },
  );
}

describe('judge, retina', () => {
  it('passes a good picture and stores its vessel map, areas and thumbnail with provenance', async () => {
    const judgement = judgementSchema.parse(await judge(fundus));
    expect(judgement.checks.map((check) => [check.id, check.reason])).toEqual([
      ['focus', null],
      ['exposure', null],
      ['framing', null],
      ['even-light', null],
    ]);
    expect(judgement).toMatchObject({ passed: true, width: 1500, height: 1200, findingsMissing: null });
    expect(judgement.tiles).toHaveLength(24);
    expect(judgement.field?.x).toBeCloseTo(0.5, 2);
    const [finding] = judgement.findings;
    expect(finding?.provenance).toMatchObject({ model: 'retinal-vessels', version: '1.0.0' });
    expect(finding?.values.map((value) => value.region)).toHaveLength(5);
    for (const value of finding?.values ?? []) {
      expect(value.value).toBeGreaterThan(2);
      expect(value.value).toBeLessThan(25);
      expect(value.standardError).toBeGreaterThan(0.1);
    }
    const thumbnail = await sharp(blobs.finished.get('thumbnail')).metadata();
    expect([thumbnail.width, thumbnail.height]).toEqual([512, 410]);
    const overlay = blobs.finished.get('overlay') ?? Buffer.alloc(0);
    const png = await sharp(overlay).metadata();
    expect([png.format, png.width, png.height, png.channels]).toEqual([
      'png',
      judgement.overlay?.width,
      judgement.overlay?.height,
      4,
    ]);
    expect(judgement.overlay?.sha256).toBe(createHash('sha256').update(overlay).digest('hex'));
  });

  it('mirrors nasal and temporal between the eyes', async () => {
    const right = await judge(fundus);
    const left = await judge(fundus, { subject: 'retina-left' });
    expect(areaIn(left, 'upper-nasal')).toBe(areaIn(right, 'upper-temporal'));
    expect(areaIn(left, 'lower-temporal')).toBe(areaIn(right, 'lower-nasal'));
  });

  it('says where a picture is soft, and makes no map of it', async () => {
    const soft = await drawFundus({ eye: 'right', seed: 5, width: 1500, height: 1200, softRegion: 'lower-temporal' });
    const judgement = await judge(soft);
    expect(judgement).toMatchObject({ passed: false, findings: [], findingsMissing: 'image-failed', overlay: null });
    expect(judgement.checks.find((check) => check.id === 'focus')?.reason).toBe('soft');
    const places = judgement.tiles.filter((tile) => tile.soft);
    expect(places.length).toBeGreaterThan(2);
    expect(places.length).toBeLessThan(14);
    // Temporal is the viewer's left of a right eye.
    const meanX = places.reduce((sum, tile) => sum + tile.x + tile.width / 2, 0) / places.length;
    const meanY = places.reduce((sum, tile) => sum + tile.y + tile.height / 2, 0) / places.length;
    expect(meanX).toBeLessThan(0.5);
    expect(meanY).toBeGreaterThan(0.5);
  });

  it('gives the same verdict for a picture lying on its side with EXIF orientation', async () => {
    const lying = await sharp(await sharp(fundus).rotate(270).toBuffer())
      .withMetadata({ orientation: 6 })
      .jpeg({ quality: 95 })
      .toBuffer();
    const judgement = await judge(lying);
    expect(judgement).toMatchObject({ passed: true, width: 1500, height: 1200 });
  });

  it('refuses a retina without a field angle', async () => {
    await expect(judge(fundus, { fieldAngleDegrees: null })).rejects.toMatchObject({ code: 'FIELD_ANGLE_MISSING' });
  });

  it('calls a cut-off file damaged and a text unsupported, and goes on with the next picture', async () => {
    await expect(judge(fundus.subarray(0, fundus.length / 2))).rejects.toMatchObject({ code: 'IMAGE_DAMAGED' });
    await expect(judge(Buffer.from('hello'))).rejects.toMatchObject({ code: 'IMAGE_UNSUPPORTED' });
    expect((await judge(fundus, { findings: [] })).passed).toBe(true);
  });

  it('stops between stages when it is cancelled', async () => {
    await expect(judge(fundus, {}, AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' });
    const controller = new AbortController();
    const judging = judge(fundus, {}, controller.signal);
    setImmediate(() => controller.abort());
    await expect(judging).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

describe('judge, real photographs where they are beside the project', () => {
  it(
    'passes their focus, exposure and framing, and the stored map agrees with hand-drawn vessels',
    { timeout: 120_000 },
    async () => {
      const areas: number[] = [];
      for (const name of chase) {
        const picture = readFileSync(join(chaseFolder, name));
        const subject = name.includes('L') ? 'retina-left' : 'retina-right';
        const judgement = await judge(picture, { subject, gates: ['focus', 'exposure', 'framing'] });
        expect([name, ...judgement.checks.map((check) => check.reason)]).toEqual([name, null, null, null]);
        const drawn = readFileSync(join(chaseFolder, name.replace('.jpg', '_1stHO.png')));
        areas.push(await areaUnderCurve(blobs.finished.get('overlay') ?? Buffer.alloc(0), drawn, judgement.field));
      }
      // The network has seen these pictures: this checks the way through our pipeline, it is no claim of accuracy.
      const mean = areas.length === 0 ? 1 : areas.reduce((sum, area) => sum + area, 0) / areas.length;
      expect(mean).toBeGreaterThanOrEqual(0.97);
    },
  );
});

describe('judge, body', () => {
  it.each(['body-front', 'body-back', 'body-left', 'body-right'] as const)(
    'passes a good %s and measures no vessels',
    async (subject) => {
      const picture = await drawBodyScene({ subject, seed: 3, width: 1500, height: 2000 });
      const judgement = judgementSchema.parse(
        await judge(picture, {
          subject,
          fieldAngleDegrees: null,
          gates: ['framing', 'focus', 'exposure', 'even-light'],
          findings: [],
        }),
      );
      expect(judgement.checks.map((check) => check.reason)).toEqual([null, null, null, null]);
      expect(judgement).toMatchObject({
        passed: true,
        width: 1500,
        height: 2000,
        field: null,
        overlay: null,
        findingsMissing: null,
      });
    },
  );

  it('names the feet that are not in the picture', async () => {
    const picture = await drawBodyScene({
      subject: 'body-front',
      seed: 3,
      width: 1500,
      height: 2000,
      feetCutOff: true,
    });
    const judgement = await judge(picture, { subject: 'body-front', findings: [] });
    expect(judgement.checks.find((check) => check.id === 'framing')?.reason).toBe('feet-cut-off');
  });
});

describe('models and status', () => {
  it('runs each model on its golden input again, when asked', async () => {
    const [check, ...others] = await inference.verify();
    expect(others).toEqual([]);
    expect(check).toMatchObject({ name: 'retinal-vessels', state: 'agrees', provider: expect.any(String) });
    expect(check?.maximumDifference).toBeLessThan(0.01);
  });

  it('shows the model with its providers at once and ends the watch on abort', async () => {
    const controller = new AbortController();
    const states = [];
    for await (const status of await inference.watch({ signal: controller.signal })) {
      states.push(status);
      controller.abort();
    }
    expect(states).toHaveLength(1);
    expect(states[0]?.models).toMatchObject([{ name: 'retinal-vessels', state: 'loaded' }]);
    expect(states[0]?.models[0]?.providers.some((provider) => provider.state === 'chosen')).toBe(true);
  });

  it('still judges when the model is refused, and says which finding is missing', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'refused-'));
    await cp(modelsDirectory, folder, { recursive: true });
    await writeFile(join(folder, 'retinal-vessels', 'retinal-vessels.onnx'), 'not the model');
    const other = await createInference({ modelsDirectory: folder, blobs, log: () => undefined });
    const usual = inference;
    inference = other;
    try {
      expect(await judge(fundus)).toMatchObject({
        passed: true,
        findings: [],
        findingsMissing: 'model-refused',
        overlay: null,
      });
      for await (const status of await other.watch()) {
        expect(status.models).toMatchObject([{ name: 'retinal-vessels', state: 'refused', providers: [] }]);
        break;
      }
    } finally {
      inference = usual;
      await other.close();
      await rm(folder, { recursive: true });
    }
  });
});

/** Area under the ROC curve of the overlay's alpha against a drawn mask, inside the field. */
async function areaUnderCurve(overlay: Buffer, drawn: Buffer, field: Judgement['field']): Promise<number> {
  if (!field) throw new Error('no field');
  const { data: mask, info } = await sharp(drawn).greyscale().raw().toBuffer({ resolveWithObject: true });
  const alpha = await sharp(overlay)
    .extractChannel(3)
    .resize(info.width, info.height, { fit: 'fill' })
    .raw()
    .toBuffer();
  const vessel = new Float64Array(256);
  const ground = new Float64Array(256);
  for (let at = 0; at < alpha.length; at += 1) {
    const x = ((at % info.width) + 0.5) / info.width - field.x;
    const y = ((Math.floor(at / info.width) + 0.5) / info.height - field.y) * (info.height / info.width);
    if (Math.hypot(x, y) > field.radius) continue;
    const counts = mask[at * info.channels]! > 127 ? vessel : ground;
    counts[alpha[at]!]! += 1;
  }
  let below = 0;
  let area = 0;
  for (let level = 0; level < 256; level += 1) {
    area += vessel[level]! * (below + ground[level]! / 2);
    below += ground[level]!;
  }
  return area / (below * vessel.reduce((sum, count) => sum + count, 0));
}
