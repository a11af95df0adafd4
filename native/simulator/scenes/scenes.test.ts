import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { drawBody } from './body.ts';
import { drawFundus } from './fundus.ts';
import { growVessels, layRetina } from './retina-vessels.ts';

/** Small pictures: the same scenes, quickly. */
const SMALL_FUNDUS = { width: 1000, height: 800 } as const;
const SMALL_BODY = { width: 600, height: 800 } as const;

async function grey(jpeg: Buffer, width: number): Promise<{ data: Buffer; width: number; height: number }> {
  const { data, info } = await sharp(jpeg)
    .autoOrient()
    .resize(width)
    .greyscale()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

/** Where the brightest spot of the blurred picture lies, in parts of its width. */
async function brightestX(jpeg: Buffer): Promise<number> {
  const { data, width } = await grey(await sharp(jpeg).blur(12).jpeg().toBuffer(), 100);
  return (data.indexOf(Math.max(...data)) % width) / width;
}

/** Mean absolute difference of neighbours in a window given in parts. */
async function detail(jpeg: Buffer, left: number, top: number): Promise<number> {
  const { data, width, height } = await grey(jpeg, 500);
  let sum = 0;
  let count = 0;
  for (let y = Math.round(top * height); y < Math.round((top + 0.15) * height); y++) {
    for (let x = Math.round(left * width); x < Math.round((left + 0.15) * width); x++) {
      sum += Math.abs((data[y * width + x] ?? 0) - (data[y * width + x + 1] ?? 0));
      count++;
    }
  }
  return sum / count;
}

describe('a drawn fundus', () => {
  test('is the same for the same seed and another for another', async () => {
    const one = await drawFundus({ eye: 'right', seed: 11, ...SMALL_FUNDUS });
    const same = await drawFundus({ ...SMALL_FUNDUS, seed: 11, eye: 'right' });
    expect(one.equals(same)).toBe(true);
    expect(one.equals(await drawFundus({ eye: 'right', seed: 12, ...SMALL_FUNDUS }))).toBe(false);
  });

  test('has its disc on the nasal side: right in a right eye, left in a left eye', async () => {
    for (const seed of [1, 2, 3]) {
      expect(await brightestX(await drawFundus({ eye: 'right', seed, ...SMALL_FUNDUS }))).toBeGreaterThan(0.6);
      expect(await brightestX(await drawFundus({ eye: 'left', seed, ...SMALL_FUNDUS }))).toBeLessThan(0.4);
    }
  });

  test('loses detail in the lower temporal part only, when asked to', async () => {
    const scene = { eye: 'right', seed: 5, ...SMALL_FUNDUS } as const;
    const sharpPicture = await drawFundus(scene);
    const soft = await drawFundus({ ...scene, softRegion: 'lower-temporal' });
    expect(await detail(soft, 0.25, 0.62)).toBeLessThan(0.6 * (await detail(sharpPicture, 0.25, 0.62)));
    expect(await detail(soft, 0.6, 0.15)).toBeCloseTo(await detail(sharpPicture, 0.6, 0.15), 1);
  });

  test('carries the date of its exposure, whoever drew it before', async () => {
    const takenAt = new Date('2026-11-21T10:15:30Z');
    const scene = { eye: 'left', seed: 6, ...SMALL_FUNDUS } as const;
    await drawFundus(scene);
    const { exif, orientation, width, height } = await sharp(await drawFundus({ ...scene, takenAt })).metadata();
    expect(exif?.toString('latin1')).toContain('2026:11:21 10:15:30');
    expect(exif?.toString('latin1')).toContain('Simulated Fundus 30');
    expect({ orientation, width, height }).toEqual({ orientation: 1, ...SMALL_FUNDUS });
  });

  test('has vessels that taper, stay in the field and spare the fovea', () => {
    for (const seed of [1, 2, 3, 4]) {
      const layout = layRetina(seed);
      const tree = growVessels(seed, layout);
      expect(tree.length).toBeGreaterThan(40);
      for (const { points, calibre } of tree) {
        expect(points.at(-1)?.width).toBeLessThan(calibre);
        for (const { x, y } of points.slice(0, -1)) {
          expect(Math.hypot(x, y)).toBeLessThan(15.5);
          expect(Math.hypot(x - layout.fovea.x, y - layout.fovea.y)).toBeGreaterThan(1.5);
        }
      }
    }
  });
});

describe('a drawn body', () => {
  test('is stored lying and stands upright with its orientation', async () => {
    const { orientation, width, height } = await sharp(
      await drawBody({ subject: 'body-front', seed: 1, ...SMALL_BODY }),
    ).metadata();
    expect({ orientation, width, height }).toEqual({ orientation: 6, width: 800, height: 600 });
  });

  test('differs from every side', async () => {
    const sides = ['body-front', 'body-back', 'body-left', 'body-right'] as const;
    const drawn = await Promise.all(sides.map((subject) => drawBody({ subject, seed: 1, ...SMALL_BODY })));
    expect(new Set(drawn.map((jpeg) => jpeg.toString('base64'))).size).toBe(4);
  });

  test('has its feet on the floor, unless they are cut off', async () => {
    const whole = await grey(await drawBody({ subject: 'body-front', seed: 2, ...SMALL_BODY }), 75);
    const cut = await grey(await drawBody({ subject: 'body-front', seed: 2, feetCutOff: true, ...SMALL_BODY }), 75);
    /** Spread of grey in the middle of the lowest rows: floor alone is even, legs are not. */
    const spread = ({ data, width, height }: typeof whole): number => {
      const row = data.subarray((height - 2) * width + width * 0.4, (height - 2) * width + width * 0.6);
      return Math.max(...row) - Math.min(...row);
    };
    expect(spread(cut)).toBeGreaterThan(2 * spread(whole));
  });
});
