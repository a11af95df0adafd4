/**
 * Draws a fundus photograph: a 30 degree field of a healthy-looking retina that never belonged to anybody. Ground and vessels
 * are laid out in degrees, so every size of picture shows the same eye.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import sharp from 'sharp';
import { cached } from './cache.ts';
import { dated, exifOf } from './exif.ts';
import { createGrain, createNoise } from './random.ts';
import { growVessels, layRetina, type RetinaLayout, type Vessel } from './retina-vessels.ts';

export interface FundusScene {
  readonly eye: 'right' | 'left';
  readonly seed: number;
  /** This part of the field is out of focus. */
  readonly softRegion?: 'lower-temporal';
  readonly width?: number;
  readonly height?: number;
  readonly takenAt?: Date;
}

/** Field angle of the simulated fundus camera, degrees; belongs into its device record. */
export const FUNDUS_FIELD_DEGREES = 30;
/** Diameter of the round field as a part of the picture's height. */
const FIELD_PART = 0.955;
const GROUND_WIDTH = 750;
const ROWS_PER_BREATH = 60;
const GRAIN_TILE = 512;

/**
 * A JPEG, 3000 x 2400 by default, field diameter 0.955 of the height (about 76 px per degree). The right eye has its disc on
 * the viewer's right (nasal), the left eye on the left. The same scene gives the same bytes, but for the date.
 */
export async function drawFundus(scene: FundusScene): Promise<Buffer> {
  const { takenAt, ...drawn } = scene;
  return dated(await cached(drawn, () => draw(drawn)), takenAt);
}

async function draw(scene: FundusScene): Promise<Buffer> {
  const { width = 3000, height = 2400, seed, eye } = scene;
  const layout = layRetina(seed);
  const sign = eye === 'right' ? 1 : -1;
  const tree = growVessels(seed + (eye === 'right' ? 0 : 5_000), layout);
  const half = { width: Math.round(width / 2), height: Math.round(height / 2) };
  const view = { ...half, scale: (half.height * FIELD_PART) / FUNDUS_FIELD_DEGREES, sign };
  const groundHeight = Math.round((GROUND_WIDTH * height) / width);
  const ground = await paintGround(seed + (eye === 'right' ? 0 : 77), layout, sign, GROUND_WIDTH, groundHeight);
  const retina = await sharp(ground, { raw: { width: GROUND_WIDTH, height: groundHeight, channels: 3 } })
    .resize(half.width, half.height, { kernel: 'cubic' })
    .composite([
      { input: Buffer.from(discSvg(view, layout)) },
      { input: Buffer.from(vesselSvg(view, tree)), blend: 'multiply' },
      { input: Buffer.from(reflexSvg(view, tree, layout)), blend: 'screen' },
    ])
    .removeAlpha()
    .raw()
    .toBuffer();
  const sharpPicture = await withGrain(retina, half, { width, height }, seed);
  const picture = scene.softRegion === undefined ? sharpPicture : await soften(sharpPicture, width, height, sign);
  return sharp(picture, { raw: { width, height, channels: 3 } })
    .composite([{ input: Buffer.from(maskSvg(width, height, sign)) }])
    .removeAlpha()
    .withExif(
      exifOf({
        model: 'Simulated Fundus 30',
        exposureTime: '1/125',
        fNumber: '8/1',
        iso: 200,
      }),
    )
    .withMetadata({ orientation: 1 })
    .jpeg({ quality: 92, chromaSubsampling: '4:4:4' })
    .toBuffer();
}

interface View {
  readonly width: number;
  readonly height: number;
  /** Pixels per degree. */
  readonly scale: number;
  readonly sign: number;
}

/** Orange-red ground with light falling off, a darker macula, choroid and pigment; RGB, a quarter of the picture's size. */
async function paintGround(
  seed: number,
  layout: RetinaLayout,
  sign: number,
  width: number,
  height: number,
): Promise<Buffer> {
  const pixels = Buffer.alloc(width * height * 3);
  const choroid = createNoise(seed * 3 + 1, 4);
  const mottle = createNoise(seed * 5 + 2, 3);
  const broad = createNoise(seed * 11 + 4, 2);
  const scale = (height * FIELD_PART) / FUNDUS_FIELD_DEGREES;
  const { disc, fovea } = layout;
  for (let row = 0; row < height; row++) {
    if (row % ROWS_PER_BREATH === 0) await breathe();
    const y = (row - height / 2) / scale;
    for (let column = 0; column < width; column++) {
      const x = ((column - width / 2) / scale) * sign;
      const radius = Math.hypot(x, y);
      if (radius > 16) continue;
      // Choroidal vessels: ridges of warped noise, running roughly from the disc outwards.
      const warp = broad(x * 0.11 + 9, y * 0.11 + 3);
      const ridge = 1 - Math.abs(choroid(x * 0.34 + warp * 1.6, y * 0.52 + warp * 1.9));
      const texture = (ridge * ridge - 0.62) * 0.17 + mottle(x * 2.1, y * 2.1) * 0.045 + warp * 0.1;
      const light = 1.06 - 0.0021 * radius * radius - 0.014 * (x * 0.35 + y * 0.25);
      const toFovea = Math.hypot(x - fovea.x, (y - fovea.y) * 1.08);
      const macula = Math.exp(-((toFovea / 3.1) ** 2)) * 0.3 + Math.exp(-((toFovea / 1.05) ** 2)) * 0.2;
      const halo = Math.exp(-(((Math.hypot(x - disc.x, y - disc.y) - 2.7) / 1.5) ** 2)) * 0.1;
      const shade = light * (1 + texture) * (1 - macula) + halo;
      const at = (row * width + column) * 3;
      pixels[at] = clamp(204 * shade ** 0.86);
      pixels[at + 1] = clamp(98 * shade ** 1.22 * (1 - macula * 0.12));
      pixels[at + 2] = clamp(43 * shade ** 1.35 * (1 - macula * 0.2));
    }
  }
  return pixels;
}

/** The optic disc: yellowish rim, paler cup, soft edge, a thin darker crescent on its temporal side. */
function discSvg(view: View, layout: RetinaLayout): string {
  const { disc } = layout;
  const [x, y] = project(view, disc.x, disc.y);
  const [cupX, cupY] = project(view, disc.x - 0.25, disc.y + 0.05);
  const [crescentX] = project(view, disc.x - 0.35, disc.y);
  const s = view.scale;
  const ellipse = (cx: number, cy: number, rx: number, ry: number, fill: string): string =>
    `<ellipse cx="${fix(cx)}" cy="${fix(cy)}" rx="${fix(rx * s)}" ry="${fix(ry * s)}" fill="${fill}"/>`;
  return svg(
    view,
    `<defs>
      <radialGradient id="r"><stop offset="0" stop-color="#fbd58c"/><stop offset=".62" stop-color="#f4b868"/>
        <stop offset=".86" stop-color="#e59a4c"/><stop offset=".95" stop-color="#d98a42" stop-opacity=".75"/>
        <stop offset="1" stop-color="#cf7a3a" stop-opacity="0"/></radialGradient>
      <radialGradient id="c"><stop offset="0" stop-color="#fff0c4"/><stop offset=".6" stop-color="#fde4a8" stop-opacity=".9"/>
        <stop offset="1" stop-color="#fbd58c" stop-opacity="0"/></radialGradient>
      <radialGradient id="d"><stop offset=".82" stop-color="#6d2a10" stop-opacity="0"/>
        <stop offset=".92" stop-color="#6d2a10" stop-opacity=".34"/><stop offset="1" stop-color="#6d2a10" stop-opacity="0"/>
      </radialGradient></defs>` +
      ellipse(crescentX, y, disc.radiusX * 1.14, disc.radiusY * 1.1, 'url(#d)') +
      ellipse(x, y, disc.radiusX * 1.05, disc.radiusY * 1.05, 'url(#r)') +
      ellipse(cupX, cupY, disc.radiusX * 0.55, disc.radiusY * 0.5, 'url(#c)'),
  );
}

/** Veins darker and wider, arteries lighter; each vessel one tapering outline. */
function vesselSvg(view: View, tree: readonly Vessel[]): string {
  const layer = (kind: Vessel['kind'], fill: string): string =>
    `<g fill="${fill}">${tree
      .filter((vessel) => vessel.kind === kind)
      .map((vessel) => `<path fill-opacity="${opacityOf(vessel)}" d="${outline(view, vessel, 1)}"/>`)
      .join('')}</g>`;
  return svg(view, layer('vein', '#b5675c') + layer('artery', '#cf8271'));
}

/** Thin vessels hold less blood and look paler. */
function opacityOf(vessel: Vessel): string {
  return Math.min(1, 0.5 + vessel.calibre * 2.2).toFixed(2);
}

/** The light reflex along wide arteries and the small foveal reflex. */
function reflexSvg(view: View, tree: readonly Vessel[], layout: RetinaLayout): string {
  const wide = tree.filter((vessel) => vessel.kind === 'artery' && vessel.calibre > 0.14);
  const [x, y] = project(view, layout.fovea.x, layout.fovea.y);
  return svg(
    view,
    `<defs><radialGradient id="f"><stop offset="0" stop-color="#fff" stop-opacity=".16"/><stop offset="1" stop-color="#fff" stop-opacity="0"/></radialGradient></defs>
    <g fill="#ff9a6a" fill-opacity=".2">${wide.map((vessel) => `<path d="${outline(view, vessel, 0.3)}"/>`).join('')}</g>
    <circle cx="${fix(x)}" cy="${fix(y)}" r="${fix(view.scale * 0.45)}" fill="url(#f)"/>`,
  );
}

/** Both sides of a vessel as one closed path. `part` of its diameter is filled. */
function outline(view: View, vessel: Vessel, part: number): string {
  const left: string[] = [];
  const right: string[] = [];
  const { points } = vessel;
  for (const [index, point] of points.entries()) {
    if (index % 2 === 1 && index < points.length - 1) continue;
    const before = points[index - 1] ?? point;
    const after = points[index + 1] ?? point;
    const length = Math.hypot(after.x - before.x, after.y - before.y) || 1;
    const half = (point.width * part) / 2;
    const nx = (-(after.y - before.y) / length) * half;
    const ny = ((after.x - before.x) / length) * half;
    left.push(
      project(view, point.x + nx, point.y + ny)
        .map(fix)
        .join(' '),
    );
    right.push(
      project(view, point.x - nx, point.y - ny)
        .map(fix)
        .join(' '),
    );
  }
  return `M${left.join('L')}L${right.toReversed().join('L')}Z`;
}

async function withGrain(
  retina: Buffer,
  from: { width: number; height: number },
  to: { width: number; height: number },
  seed: number,
): Promise<Buffer> {
  const grain = createGrain(seed + 17, GRAIN_TILE, 7);
  return sharp(retina, { raw: { ...from, channels: 3 } })
    .resize(to.width, to.height, { kernel: 'lanczos3', fit: 'fill' })
    .composite([
      { input: grain, raw: { width: GRAIN_TILE, height: GRAIN_TILE, channels: 3 }, tile: true, blend: 'hard-light' },
    ])
    .removeAlpha()
    .raw()
    .toBuffer();
}

/** Out of focus in the lower temporal part: a blurred copy laid over through a soft-edged mask. */
async function soften(picture: Buffer, width: number, height: number, sign: number): Promise<Buffer> {
  const raw = { width, height, channels: 3 as const };
  const sigma = height / 200;
  const radius = (height * FIELD_PART) / 2;
  const x = width / 2 - sign * radius * 0.55;
  const y = height / 2 + radius * 0.5;
  const mask = await sharp(
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><defs><radialGradient id="s">
        <stop offset=".62" stop-color="#fff"/><stop offset="1" stop-color="#fff" stop-opacity="0"/></radialGradient></defs>
        <circle cx="${fix(x)}" cy="${fix(y)}" r="${fix(radius * 0.78)}" fill="url(#s)"/></svg>`,
    ),
  )
    .extractChannel('alpha')
    .raw()
    .toBuffer();
  const blurred = await sharp(picture, { raw })
    .blur(sigma)
    .joinChannel(mask, { raw: { width, height, channels: 1 } })
    .raw()
    .toBuffer();
  return sharp(picture, { raw })
    .composite([{ input: blurred, raw: { width, height, channels: 4 } }])
    .removeAlpha()
    .raw()
    .toBuffer();
}

/** Near-black outside the round field, with the small index tab that fundus cameras cut into its edge. */
function maskSvg(width: number, height: number, sign: number): string {
  const radius = (height * FIELD_PART) / 2;
  const x = width / 2;
  const y = height / 2;
  const tabX = x + sign * radius * Math.cos(-0.72);
  const tabY = y + radius * Math.sin(-0.72);
  const tab = radius * 0.028;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
    <defs><radialGradient id="e" gradientUnits="userSpaceOnUse" cx="${x}" cy="${y}" r="${fix(radius)}">
      <stop offset=".93" stop-color="#050303" stop-opacity="0"/><stop offset="1" stop-color="#050303" stop-opacity=".5"/>
    </radialGradient></defs>
    <circle cx="${x}" cy="${y}" r="${fix(radius)}" fill="url(#e)"/>
    <path fill="#050303" fill-rule="evenodd" d="M0 0H${width}V${height}H0ZM${fix(x - radius)} ${y}a${fix(radius)} ${fix(radius)} 0 1 0 ${fix(2 * radius)} 0a${fix(radius)} ${fix(radius)} 0 1 0 ${fix(-2 * radius)} 0Z"/>
    <path fill="#050303" transform="translate(${fix(tabX)} ${fix(tabY)}) rotate(${sign > 0 ? -41 : 221})" d="M${fix(tab)} ${fix(-tab)}L${fix(-tab)} 0L${fix(tab)} ${fix(tab)}Z"/>
  </svg>`;
}

function project(view: View, x: number, y: number): [number, number] {
  return [view.width / 2 + view.sign * x * view.scale, view.height / 2 + y * view.scale];
}

function svg(view: View, body: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${view.width}" height="${view.height}">${body}</svg>`;
}

function fix(value: number): string {
  return value.toFixed(1);
}

function clamp(value: number): number {
  return Math.max(0, Math.min(255, value));
}
