import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { CheckId } from '../../../electron/contract/index.ts';
import { canonicalMeasure, FUNDUS_FOCUS } from '../../../electron/contract/measures/image-quality.ts';
import { drawFundus } from '../../simulator/scenes/fundus.ts';
import { readFundus } from '../fundus.ts';
import { openImage } from '../image.ts';
import { checkBody, readBody } from '../judge-body.ts';
import { checkFundus } from '../judge-fundus.ts';
import { seededRandom, type Picture } from '../planes.ts';
import { blurred, drawBody, toJpeg, withNoise, type BodyDrawing } from '../test-pictures.ts';
import { jackknife } from '../vessels.ts';
import { findField } from './field.ts';

const SIGMAS = [0, 0.5, 0.7, 1, 1.5, 2, 3, 4, 6, 8, 10];
const ALL = ['framing', 'focus', 'exposure', 'even-light'] as const;

async function body(drawing: Parameters<typeof drawBody>[0]): Promise<ReturnType<typeof checkBody>> {
  return checkBody(await readBody(await openImage(await toJpeg(await drawBody(drawing)))), ALL);
}

async function retina(jpeg: Buffer, angle = 30): Promise<ReturnType<typeof checkFundus>> {
  return checkFundus(await readFundus(await openImage(jpeg), angle, 17), ALL);
}

function reasonOf(checked: ReturnType<typeof checkBody>, id: CheckId): string | null | undefined {
  return checked.checks.find((check) => check.id === id)?.reason;
}

/** A photograph at 17 px per degree, so that a sigma in pixels is what the definition means by it. */
async function retinaOnGrid(source: Buffer): Promise<Picture> {
  const { onGrid } = await readFundus(await openImage(source), 30, 17);
  if (!onGrid) throw new Error('no field');
  return onGrid.picture;
}

function expectOnceFailedStaysFailed(reasons: readonly (string | null | undefined)[]): void {
  const first = reasons.indexOf('soft');
  expect(reasons[0]).toBeNull();
  expect(first).toBeGreaterThan(0);
  expect(reasons.slice(first)).toEqual(reasons.slice(first).map(() => 'soft'));
}

/** A plain disc on the camera's black ground, 800 x 700, as SVG; `extra` is drawn over it. */
function disc(options: { x?: number; y?: number; r?: number; fill?: string; extra?: string }): Buffer {
  const { x = 400, y = 350, r = 330, fill = '#b05a28', extra = '' } = options;
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="800" height="700"><rect width="800" height="700" fill="#030202"/><circle cx="${x}" cy="${y}" r="${r}" fill="${fill}"/>${extra}</svg>`,
  );
}

async function check(svg: Buffer, id: CheckId): Promise<string | null | undefined> {
  return reasonOf(await retina(await sharp(svg).jpeg({ quality: 95 }).toBuffer()), id);
}

describe('focus of a retina', () => {
  const real = join(import.meta.dirname, '../../../../shared/data/chase-db1/Image_01R.jpg');

  it.each([
    [0, 100],
    [0, 92],
    [1, 92],
    [2, 80],
  ])(
    'once failed stays failed, as blur grows from 0 to 10 px (noise %d, JPEG quality %d)',
    { timeout: 60_000 },
    async (noise, quality) => {
      const sources = [await drawFundus({ eye: 'left', seed: 11, width: 1500, height: 1200 })];
      if (existsSync(real)) sources.push(readFileSync(real));
      for (const source of sources) {
        const sharpPicture = await retinaOnGrid(source);
        const reasons = [];
        for (const sigma of SIGMAS) {
          const picture = withNoise(await blurred(sharpPicture, sigma), noise, 1);
          reasons.push(reasonOf(await retina(await toJpeg(picture, quality)), 'focus'));
        }
        expectOnceFailedStaysFailed(reasons);
        expect(reasons[SIGMAS.indexOf(1.5)]).toBe('soft');
      }
    },
  );

  it('fails a field without any structure', async () => {
    const checked = await retina(await sharp(disc({})).jpeg().toBuffer());
    expect(reasonOf(checked, 'focus')).toBe('soft');
    expect(checked.tiles.every((tile) => tile.focus === null && !tile.soft)).toBe(true);
  });
});

describe('framing and light of a retina', () => {
  it('accepts the whole field, also cut flat above and below as many cameras do', async () => {
    expect(await check(disc({}), 'framing')).toBeNull();
    expect(await check(disc({ r: 390 }), 'framing')).toBeNull();
  });
  it('names what is wrong', async () => {
    expect(await check(disc({ x: 540 }), 'framing')).toBe('off-centre');
    expect(await check(disc({ r: 150 }), 'framing')).toBe('field-too-small');
    const lid = '<rect width="800" height="420" fill="#030202"/>';
    expect(await check(disc({ extra: lid }), 'framing')).toBe('field-not-round');
    expect(await check(disc({ r: 1 }), 'framing')).toBe('field-not-round');
  });
  it('finds the circle to a quarter of a pixel, also behind an eyelid', async () => {
    const lid = '<rect width="800" height="200" fill="#030202"/>';
    for (const extra of ['', lid]) {
      const { data, info } = await sharp(disc({ x: 390, r: 320, extra }))
        .resize(256)
        .removeAlpha()
        .raw()
        .toBuffer({ resolveWithObject: true });
      const field = findField({ width: info.width, height: info.height, data });
      expect(Math.abs((field?.circle.x ?? 0) - (390 * 0.32 - 0.5))).toBeLessThan(0.4);
      expect(Math.abs((field?.circle.radius ?? 0) - 320 * 0.32)).toBeLessThan(0.4);
    }
  });
  it('measures burnt-out and black parts inside the field only', async () => {
    expect(await check(disc({}), 'exposure')).toBeNull();
    expect(await check(disc({ extra: '<circle cx="400" cy="350" r="50" fill="#fff"/>' }), 'exposure')).toBe(
      'too-bright',
    );
    expect(await check(disc({ extra: '<circle cx="400" cy="350" r="100" fill="#000"/>' }), 'exposure')).toBe(
      'too-dark',
    );
    expect(await check(disc({ fill: '#030202' }), 'exposure')).toBe('too-dark');
  });
  it('compares the quarters', async () => {
    expect(await check(disc({}), 'even-light')).toBeNull();
    const shade = '<path d="M400 350 V20 A330 330 0 0 1 730 350 Z" fill="#000" opacity=".45"/>';
    expect(await check(disc({ extra: shade }), 'even-light')).toBe('uneven-light');
  });
});

describe('a body before a wall', () => {
  it.each<readonly [string, BodyDrawing & { empty?: boolean }, string | null]>([
    ['a person standing whole and in the middle', {}, null],
    ['a shirt of the wall’s colour', { shirt: '#c5c9cc' }, null],
    ['a dark wall', { wall: '#404448' }, null],
    ['a picture lying across', { width: 1800, height: 1200 }, null],
    ['a head cut off', { top: -0.03 }, 'head-cut-off'],
    ['a head at the edge', { top: 0.02 }, 'head-cut-off'],
    ['feet cut off', { bottom: 1.02 }, 'feet-cut-off'],
    ['a person far to one side', { centre: 0.75 }, 'off-centre'],
    ['a person far away', { top: 0.4, bottom: 0.7 }, 'nobody-in-view'],
    ['an empty room', { empty: true }, 'nobody-in-view'],
  ])('judges the framing of %s', async (_name, drawing, reason) => {
    expect(reasonOf(await body(drawing), 'framing')).toBe(reason);
  });

  it('judges exposure on the person', async () => {
    expect(reasonOf(await body({}), 'exposure')).toBeNull();
    expect(reasonOf(await body({ light: 1.35 }), 'exposure')).toBe('too-bright');
    expect(reasonOf(await body({ empty: true, light: 0.01 }), 'exposure')).toBe('too-dark');
  });

  it.each([0, 2, 6])(
    'focus once failed stays failed, as blur grows (sensor noise %d)',
    { timeout: 60_000 },
    async (noise) => {
      const reasons = [];
      const drawn = await drawBody({ noise: 0 });
      for (const sigma of SIGMAS) {
        // Pixels of the drawing; two thirds of that where it is judged.
        const picture = withNoise(await blurred(drawn, 1.5 * sigma), noise, 1);
        const checked = checkBody(await readBody(await openImage(await toJpeg(picture))), ['focus']);
        reasons.push(reasonOf(checked, 'focus'));
      }
      expectOnceFailedStaysFailed(reasons);
      expect(reasons[SIGMAS.indexOf(2)]).toBe('soft');
    },
  );

  it('puts soft tiles on the person only', async () => {
    const checked = await body({ blurSigma: 4 });
    expect(checked.tiles.some((tile) => tile.soft)).toBe(true);
    expect(checked.tiles.every((tile) => tile.x > 0.25 && tile.x + tile.width < 0.75)).toBe(true);
  });
});

describe('definitions and errors of measures', () => {
  it('writes a definition the same way whatever the order of its keys', () => {
    const turned = {
      ...FUNDUS_FOCUS,
      parameters: Object.fromEntries(Object.entries(FUNDUS_FOCUS.parameters).toReversed()),
    };
    expect(canonicalMeasure(turned)).toBe(canonicalMeasure(FUNDUS_FOCUS));
    expect(JSON.parse(canonicalMeasure(FUNDUS_FOCUS))).toEqual(FUNDUS_FOCUS);
  });

  it('gives the jackknife’s error of equal blocks as the error of a mean', () => {
    const random = seededRandom(9);
    const blocks = Array.from({ length: 50 }, () => ({ vessel: Math.round(100 * random()), all: 1000 }));
    const shares = blocks.map((block) => block.vessel / block.all);
    const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
    const variance = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / (shares.length - 1);
    const result = jackknife(blocks);
    expect(result.value).toBeCloseTo(mean, 10);
    expect(result.standardError).toBeCloseTo(Math.sqrt(variance / shares.length), 6);
  });
});
