/** Synthetic photographs for tests of the measures: drawn, with sensor noise, from a seed. */
import sharp from 'sharp';
import { seededRandom, type Picture } from './planes.ts';

export interface BodyDrawing {
  readonly width?: number;
  readonly height?: number;
  /** Where the head begins and the feet end, share of the height. */
  readonly top?: number;
  readonly bottom?: number;
  /** Centre, share of the width. */
  readonly centre?: number;
  /** Gaussian, px of the drawing. */
  readonly blurSigma?: number;
  /** Standard deviation of the sensor's noise, 0-255. */
  readonly noise?: number;
  readonly wall?: string;
  readonly shirt?: string;
  /** Multiplies all light. */
  readonly light?: number;
  readonly seed?: number;
}

/** A standing person before a wall with a gradient and a floor; null top = an empty room. */
export async function drawBody(drawing: BodyDrawing & { readonly empty?: boolean } = {}): Promise<Picture> {
  const { width = 1000, height = 1500, top = 0.1, bottom = 0.92, centre = 0.5 } = drawing;
  const { wall = '#c9cdd0', shirt = '#44607a', blurSigma = 0, noise = 2, light = 1, seed = 1 } = drawing;
  const tall = (bottom - top) * height;
  const place = `translate(${centre * width} ${top * height}) scale(${tall / 1000})`;
  const person = `<g transform="${place}">
    <path d="M-62 70 q-8 -70 62 -70 q70 0 62 70 l-4 30 h-116z" fill="#3a2a20"/>
    <ellipse cx="0" cy="82" rx="50" ry="64" fill="#d8a98a"/><circle cx="-19" cy="72" r="6" fill="#222"/><circle cx="19" cy="72" r="6" fill="#222"/>
    <path d="M-18 112 q18 12 36 0" stroke="#8a4a40" stroke-width="5" fill="none"/><rect x="-22" y="132" width="44" height="40" fill="#c8977a"/>
    <path d="M-105 180 q105 -40 210 0 l40 260 -44 8 -30 -170 8 220 h-158 l8 -220 -30 170 -44 -8z" fill="${shirt}"/>
    <path d="M-60 190 l10 290 M60 190 l-10 290 M0 170 v320" stroke="#fff" stroke-opacity=".5" stroke-width="4"/>
    <circle cx="-122" cy="462" r="24" fill="#d8a98a"/><circle cx="122" cy="462" r="24" fill="#d8a98a"/>
    <path d="M-80 498 h160 l-14 460 h-52 l-10 -330 -8 0 -10 330 h-52z" fill="#2c3038"/>
    <rect x="-74" y="955" width="66" height="45" rx="14" fill="#111"/><rect x="8" y="955" width="66" height="45" rx="14" fill="#111"/></g>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
    <defs><linearGradient id="w" x1="0" x2="1"><stop offset="0" stop-color="#fff" stop-opacity=".10"/><stop offset="1" stop-color="#000" stop-opacity=".12"/></linearGradient></defs>
    <rect width="100%" height="88%" fill="${wall}"/><rect y="88%" width="100%" height="12%" fill="#8b8178"/><rect width="100%" height="100%" fill="url(#w)"/>
    ${drawing.empty === true ? '' : person}</svg>`;
  let pipeline = sharp(Buffer.from(svg)).flatten({ background: '#000' });
  if (light !== 1) pipeline = pipeline.linear(light, 0);
  const clean = await pipeline.raw().toBuffer();
  return withNoise(await blurred({ width, height, data: clean }, blurSigma), noise, seed);
}

/** Gaussian blur by libvips with its exact kernel; 0 = none. */
export async function blurred(picture: Picture, sigma: number): Promise<Picture> {
  if (sigma < 0.3) return picture;
  const data = await sharp(picture.data, { raw: { width: picture.width, height: picture.height, channels: 3 } })
    .blur({ sigma, precision: 'float', minAmplitude: 0.01 })
    .raw()
    .toBuffer();
  return { ...picture, data };
}

export async function toJpeg(picture: Picture, quality = 92): Promise<Buffer> {
  const raw = { width: picture.width, height: picture.height, channels: 3 as const };
  return sharp(picture.data, { raw }).jpeg({ quality }).toBuffer();
}

/** Adds normal noise to each value, then rounds. */
export function withNoise(picture: Picture, deviation: number, seed: number): Picture {
  const random = seededRandom(seed);
  // A table at random offsets: drawing each value anew would take longer than all that is tested.
  const table = Float32Array.from({ length: 65_536 }, () => {
    const uniform = 1 - random();
    return deviation * Math.sqrt(-2 * Math.log(uniform)) * Math.cos(2 * Math.PI * random());
  });
  const data = new Uint8ClampedArray(picture.data.length);
  for (let at = 0, from = 0; at < data.length; at += 1, from += 1) {
    if (at % 997 === 0) from = Math.floor(random() * 65_536);
    data[at] = picture.data[at]! + table[from & 65_535]!;
  }
  return { ...picture, data: new Uint8Array(data.buffer) };
}
