/**
 * Draws a body photograph: a figure that is nobody, on a plain wall, with a colour chart and a plumb line. Head and feet stand
 * in the frame unless `feetCutOff` is asked for.
 */
import { setImmediate as breathe } from 'node:timers/promises';
import sharp from 'sharp';
import type { CaptureSubject } from '../../../electron/contract/index.ts';
import { cached } from './cache.ts';
import { dated, exifOf } from './exif.ts';
import { between, createGrain, createNoise, createRandom } from './random.ts';

export interface BodyScene {
  readonly subject: Exclude<CaptureSubject, 'retina-right' | 'retina-left'>;
  readonly seed: number;
  /** A fault of the picture: the feet are below its lower edge. */
  readonly feetCutOff?: boolean;
  /** Upright size. */
  readonly width?: number;
  readonly height?: number;
  readonly takenAt?: Date;
}

const GRAIN_TILE = 512;
const WALL_WIDTH = 375;
/** The figure is laid out on a page of 1500 x 2000. */
const PAGE = { width: 1500, height: 2000 } as const;

/**
 * A JPEG of 3000 x 4000 upright by default, stored as 4000 x 3000 with EXIF orientation 6. The same scene gives the same bytes,
 * but for the date.
 */
export async function drawBody(scene: BodyScene): Promise<Buffer> {
  const { takenAt, ...drawn } = scene;
  return dated(await cached(drawn, () => draw(drawn)), takenAt);
}

async function draw(scene: BodyScene): Promise<Buffer> {
  const { width = 3000, height = 4000, seed } = scene;
  await breathe();
  const wallHeight = Math.round((WALL_WIDTH * height) / width);
  const half = { width: Math.round(width / 2), height: Math.round(height / 2) };
  const picture = await sharp(paintWall(seed, WALL_WIDTH, wallHeight), {
    raw: { width: WALL_WIDTH, height: wallHeight, channels: 3 },
  })
    .resize(half.width, half.height, { kernel: 'cubic', fit: 'fill' })
    .composite([{ input: Buffer.from(figureSvg(scene, half.width, half.height)) }])
    .removeAlpha()
    .raw()
    .toBuffer();
  // Turned while it is small: the file lies on its side, as a camera on a stand writes it.
  const lying = await sharp(picture, { raw: { ...half, channels: 3 } })
    .rotate(270)
    .raw()
    .toBuffer();
  return sharp(lying, { raw: { width: half.height, height: half.width, channels: 3 } })
    .resize(height, width, { kernel: 'cubic', fit: 'fill' })
    .composite([
      {
        input: createGrain(seed + 23, GRAIN_TILE, 6),
        raw: { width: GRAIN_TILE, height: GRAIN_TILE, channels: 3 },
        tile: true,
        blend: 'hard-light',
      },
    ])
    .removeAlpha()
    .withExif(exifOf({ model: 'Simulated Body Camera', exposureTime: '1/125', fNumber: '8/1', iso: 200 }))
    .withMetadata({ orientation: 6 })
    .jpeg({ quality: 90 })
    .toBuffer();
}

/** Plaster: warm grey, lit from above, darker floor. */
function paintWall(seed: number, width: number, height: number): Buffer {
  const noise = createNoise(seed + 41, 4);
  const pixels = Buffer.alloc(width * height * 3);
  const floor = height * 0.9;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const plaster = noise(column / 14, row / 14) * 3.2;
      const dx = column / width - 0.5;
      const light = 1 - 0.2 * dx * dx - 0.1 * (row / height);
      const on = row < floor ? 0 : Math.min(1, (row - floor) / 2);
      const at = (row * width + column) * 3;
      pixels[at] = (198 - 62 * on) * light + plaster;
      pixels[at + 1] = (198 - 66 * on) * light + plaster;
      pixels[at + 2] = (194 - 68 * on) * light + plaster;
    }
  }
  return pixels;
}

interface Figure {
  readonly skin: string;
  readonly shade: string;
  readonly light: string;
  readonly hair: string;
  readonly clothes: string;
  readonly build: number;
}

const SKINS = [
  ['#c9926f', '#9c6546', '#e0b090'],
  ['#8d5a3c', '#663c25', '#aa7350'],
  ['#deb08c', '#b27f5c', '#efcbaf'],
  ['#a97250', '#7e4e33', '#c68d69'],
  ['#6b432d', '#4a2b1b', '#855a41'],
] as const;
const HAIR = ['#2a211c', '#4a3423', '#1b1816', '#6b5138', '#3a3532'] as const;

function figureOf(seed: number): Figure {
  const random = createRandom(seed * 19 + 11);
  const [skin, shade, light] = SKINS[Math.floor(random() * SKINS.length)] ?? SKINS[0];
  const hair = HAIR[Math.floor(random() * HAIR.length)] ?? HAIR[0];
  return { skin, shade, light, hair, clothes: '#3d4a57', build: between(random, 0.92, 1.12) };
}

function figureSvg(scene: BodyScene, width: number, height: number): string {
  const figure = figureOf(scene.seed);
  const drop = scene.feetCutOff === true ? 190 : 0;
  const side = scene.subject === 'body-left' || scene.subject === 'body-right';
  const mirror = scene.subject === 'body-right' ? `translate(${PAGE.width} 0) scale(-1 1)` : '';
  const body = side ? sideFigure(figure) : frontFigure(figure, scene.subject === 'body-back');
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${PAGE.width} ${PAGE.height}" preserveAspectRatio="none">
    <defs>
      <linearGradient id="s" x1="0" x2="1"><stop offset="0" stop-color="${figure.shade}"/><stop offset=".3" stop-color="${figure.skin}"/>
        <stop offset=".52" stop-color="${figure.light}"/><stop offset=".75" stop-color="${figure.skin}"/><stop offset="1" stop-color="${figure.shade}"/></linearGradient>
      <linearGradient id="k" x1="0" x2="1"><stop offset="0" stop-color="#28323c"/><stop offset=".5" stop-color="#52616f"/><stop offset="1" stop-color="#28323c"/></linearGradient>
      <radialGradient id="g"><stop offset="0" stop-color="#000" stop-opacity=".5"/><stop offset="1" stop-color="#000" stop-opacity="0"/></radialGradient>
      <filter id="b" x="-20%" y="-20%" width="140%" height="140%"><feGaussianBlur stdDeviation="9"/></filter>
      <filter id="m" x="-20%" y="-20%" width="140%" height="140%"><feGaussianBlur stdDeviation="16"/></filter>
    </defs>
    <rect y="1785" width="1500" height="15" fill="#8f8d88"/>
    ${plumbLine()}${colourChart()}
    <g transform="translate(0 ${drop})">
      <ellipse cx="765" cy="1888" rx="${side ? 190 : 250}" ry="26" fill="url(#g)"/>
      <g opacity=".16" filter="url(#m)" transform="translate(34 8)">${silhouette(body)}</g>
      <g transform="${mirror}">${body}</g>
    </g>
  </svg>`;
}

/** The figure's shadow on the wall: its shapes in black. */
function silhouette(body: string): string {
  return body.replaceAll(/fill="[^"]*"/g, 'fill="#000"').replaceAll(/stroke="[^"]*"/g, 'stroke="#000"');
}

/** Standing straight, arms a little away from the body, palms forward (anatomical position). */
function frontFigure(figure: Figure, back: boolean): string {
  const w = figure.build;
  const x = (offset: number): string => (750 + offset * w).toFixed(1);
  const arm = (s: 1 | -1): string => {
    const a = (offset: number): string => (750 + s * offset * w).toFixed(1);
    return `<path fill="url(#s)" d="M${a(132)} 452C${a(172)} 462 ${a(192)} 500 ${a(200)} 560C${a(208)} 640 ${a(222)} 700 ${a(234)} 760
      C${a(252)} 830 ${a(266)} 900 ${a(276)} 966C${a(292)} 990 ${a(300)} 1030 ${a(292)} 1066C${a(286)} 1092 ${a(268)} 1096 ${a(260)} 1070
      C${a(254)} 1050 ${a(250)} 1010 ${a(246)} 978C${a(226)} 900 ${a(204)} 840 ${a(188)} 776C${a(170)} 700 ${a(150)} 640 ${a(140)} 560Z"/>
      <path fill="${figure.shade}" fill-opacity=".35" d="M${a(250)} 1000l${s * 3} 66l${s * 4} 0l${s * -1} -60z"/>`;
  };
  const leg = (s: 1 | -1): string => {
    const a = (offset: number): string => (750 + s * offset * w).toFixed(1);
    return `<path fill="url(#s)" d="M${a(6)} 1040C${a(8)} 1150 ${a(20)} 1260 ${a(26)} 1350C${a(20)} 1440 ${a(30)} 1560 ${a(44)} 1700
      C${a(46)} 1760 ${a(40)} 1800 ${a(38)} 1836C${a(36)} 1872 ${a(60)} 1884 ${a(92)} 1882C${a(122)} 1880 ${a(128)} 1862 ${a(112)} 1838
      C${a(98)} 1806 ${a(92)} 1760 ${a(96)} 1700C${a(118)} 1580 ${a(126)} 1480 ${a(112)} 1390C${a(122)} 1280 ${a(146)} 1150 ${a(142)} 1010Z"/>
      <ellipse cx="${a(72)}" cy="${back ? 1370 : 1376}" rx="26" ry="34" fill="${figure.shade}" fill-opacity=".3" filter="url(#b)"/>
      ${back ? `<path fill="${figure.shade}" fill-opacity=".25" filter="url(#b)" d="M${a(60)} 1480q${s * 14} 120 ${s * 4} 190q${s * -14} -90 ${s * -4} -190z"/>` : ''}`;
  };
  const torso = `<path fill="url(#s)" d="M${x(-34)} 392C${x(-40)} 428 ${x(-96)} 438 ${x(-140)} 456C${x(-158)} 500 ${x(-146)} 560 ${x(-136)} 620
    C${x(-124)} 700 ${x(-112)} 760 ${x(-110)} 820C${x(-112)} 890 ${x(-136)} 950 ${x(-144)} 1030L${x(144)} 1030C${x(136)} 950 ${x(112)} 890 ${x(110)} 820
    C${x(112)} 760 ${x(124)} 700 ${x(136)} 620C${x(146)} 560 ${x(158)} 500 ${x(140)} 456C${x(96)} 438 ${x(40)} 428 ${x(34)} 392Z"/>`;
  const relief = back
    ? `<path fill="${figure.shade}" fill-opacity=".4" filter="url(#b)" d="M746 450h8l3 470h-14z"/>` +
      both(
        (s) =>
          `<ellipse cx="${x(s * 70)}" cy="560" rx="44" ry="66" fill="${figure.shade}" fill-opacity=".22" filter="url(#b)"/>`,
      )
    : both(
        (s) =>
          `<path fill="none" stroke="${figure.shade}" stroke-opacity=".45" stroke-width="7" filter="url(#b)" d="M${x(s * 20)} 462Q${x(s * 76)} 444 ${x(s * 126)} 456"/>`,
      ) + `<ellipse cx="750" cy="850" rx="6" ry="9" fill="${figure.shade}" fill-opacity=".7"/>`;
  const top = `<path fill="url(#k)" d="M${x(-118)} 470C${x(-116)} 520 ${x(-140)} 560 ${x(-138)} 620L${x(-127)} 682Q750 706 ${x(127)} 682L${x(138)} 620C${x(140)} 560 ${x(116)} 520 ${x(118)} 470
    L${x(92)} 452C${x(84)} 520 ${x(40)} ${back ? 500 : 556} 750 ${back ? 500 : 556}C${x(-40)} ${back ? 500 : 556} ${x(-84)} 520 ${x(-92)} 452Z"/>`;
  const shorts = `<path fill="url(#k)" d="M${x(-122)} 905Q750 925 ${x(122)} 905C${x(134)} 950 ${x(146)} 1000 ${x(148)} 1050L${x(143)} 1180Q${x(80)} 1200 ${x(14)} 1184L${x(5)} 1080L${x(-5)} 1080L${x(-14)} 1184
    Q${x(-80)} 1200 ${x(-143)} 1180L${x(-148)} 1050C${x(-146)} 1000 ${x(-134)} 950 ${x(-122)} 905Z"/>`;
  return (
    neck(figure, 'front') +
    both(leg) +
    both(arm) +
    torso +
    relief +
    top +
    shorts +
    head(figure, back ? 'back' : 'front')
  );
}

/** Seen from its left side: the face looks to the viewer's left. */
function sideFigure(figure: Figure): string {
  const w = figure.build;
  const x = (offset: number): string => (750 + offset * w).toFixed(1);
  const leg = `<path fill="url(#s)" d="M${x(-92)} 1010C${x(-104)} 1130 ${x(-84)} 1260 ${x(-62)} 1350C${x(-66)} 1440 ${x(-50)} 1600 ${x(-34)} 1740
    C${x(-40)} 1790 ${x(-60)} 1822 ${x(-120)} 1850C${x(-160)} 1866 ${x(-150)} 1884 ${x(-116)} 1884L${x(40)} 1884C${x(58)} 1880 ${x(56)} 1836 ${x(40)} 1800
    C${x(28)} 1760 ${x(32)} 1700 ${x(50)} 1600C${x(66)} 1510 ${x(48)} 1440 ${x(46)} 1370C${x(70)} 1270 ${x(104)} 1150 ${x(108)} 1020Z"/>`;
  const torso = `<path fill="url(#s)" d="M${x(-26)} 392C${x(-30)} 440 ${x(-70)} 470 ${x(-84)} 540C${x(-98)} 600 ${x(-84)} 680 ${x(-80)} 760
    C${x(-86)} 850 ${x(-96)} 930 ${x(-94)} 1030L${x(108)} 1030C${x(120)} 960 ${x(84)} 900 ${x(66)} 830C${x(66)} 760 ${x(96)} 660 ${x(98)} 560
    C${x(96)} 480 ${x(62)} 430 ${x(46)} 388Z"/>`;
  const top = `<path fill="url(#k)" d="M${x(-50)} 478C${x(-70)} 500 ${x(-98)} 580 ${x(-86)} 690Q${x(10)} 712 ${x(88)} 690C${x(104)} 600 ${x(102)} 520 ${x(70)} 452L${x(34)} 440Q${x(10)} 520 ${x(-50)} 478Z"/>`;
  const shorts = `<path fill="url(#k)" d="M${x(-92)} 905Q${x(0)} 926 ${x(84)} 905C${x(112)} 950 ${x(122)} 1000 ${x(112)} 1070L${x(94)} 1180Q${x(0)} 1202 ${x(-90)} 1184L${x(-104)} 1060Z"/>`;
  const arm = `<path fill="url(#s)" d="M${x(-24)} 470C${x(4)} 446 ${x(58)} 456 ${x(62)} 530C${x(62)} 620 ${x(56)} 700 ${x(40)} 770C${x(26)} 850 ${x(4)} 920 ${x(-12)} 986
    C${x(-16)} 1030 ${x(-26)} 1080 ${x(-46)} 1086C${x(-66)} 1084 ${x(-64)} 1030 ${x(-56)} 980C${x(-50)} 900 ${x(-38)} 830 ${x(-34)} 770C${x(-40)} 680 ${x(-46)} 560 ${x(-24)} 470Z"/>
    <path fill="none" stroke="${figure.shade}" stroke-opacity=".5" stroke-width="8" filter="url(#b)" d="M${x(58)} 560C${x(58)} 660 ${x(48)} 740 ${x(36)} 790"/>`;
  return neck(figure, 'side') + leg + torso + top + shorts + arm + head(figure, 'side');
}

function both(draw: (sign: 1 | -1) => string): string {
  return draw(-1) + draw(1);
}

/** Drawn first: the shoulders cover where it ends, the head where it begins. */
function neck(figure: Figure, view: 'front' | 'side'): string {
  const shape =
    view === 'side' ? 'M722 330L728 470Q770 480 800 456L790 320Z' : 'M714 340L708 462Q750 480 792 462L786 340Z';
  return `<path fill="url(#s)" d="${shape}"/>`;
}

/** A head without a face: nobody can be recognised. */
function head(figure: Figure, view: 'front' | 'back' | 'side'): string {
  const skull =
    view === 'side'
      ? 'M750 170C682 168 664 226 666 262C658 286 648 300 656 308C664 312 666 330 670 352C678 376 706 380 728 374C792 366 836 318 832 256C830 202 800 170 750 170Z'
      : 'M750 168C694 168 668 214 672 272C676 334 706 384 750 384C794 384 824 334 828 272C832 214 806 168 750 168Z';
  const hair =
    view === 'back'
      ? 'M750 160C688 160 662 212 666 272C668 312 684 346 700 356Q750 374 800 356C816 346 832 312 834 272C838 212 812 160 750 160Z'
      : view === 'side'
        ? 'M748 158C690 154 662 196 668 226C700 232 734 230 744 262C748 300 760 330 790 348C828 326 846 286 840 244C834 192 800 160 748 158Z'
        : 'M750 156C684 156 658 208 666 262C676 236 700 224 750 224C800 224 824 236 834 262C842 208 816 156 750 156Z';
  const ears =
    view === 'side'
      ? `<ellipse cx="752" cy="284" rx="13" ry="24" fill="${figure.shade}"/>`
      : `<ellipse cx="669" cy="284" rx="10" ry="24" fill="${figure.shade}"/><ellipse cx="831" cy="284" rx="10" ry="24" fill="${figure.shade}"/>`;
  const under = `<ellipse cx="750" cy="384" rx="24" ry="20" fill="${figure.shade}" fill-opacity=".8" filter="url(#b)"/>`;
  return `${under}<path fill="url(#s)" d="${skull}"/>${ears}<path fill="${figure.hair}" d="${hair}"/>`;
}

/** A weight on a thread: what is vertical in this picture. */
function plumbLine(): string {
  const marks = Array.from({ length: 17 }, (_, index) => {
    const y = 150 + index * 100;
    return `<path d="M${index % 5 === 0 ? 236 : 246} ${y}H260" stroke="#55585b" stroke-width="3"/>`;
  }).join('');
  return `<path d="M260 0V1730" stroke="#2f3133" stroke-width="3.5"/>${marks}<path d="M248 1700h24l-4 46l-8 22l-8 -22z" fill="#b08d3e"/>`;
}

/** A colour chart of 24 patches (sRGB of the common chart), for the colour check. */
const PATCHES =
  '#735244 #c29682 #627a9d #576c43 #8580b1 #67bdaa #d67e2c #505ba6 #c15a63 #5e3c6c #9dbc40 #e0a32e ' +
  '#383d96 #469449 #af363c #e7c71f #bb5695 #0885a1 #f3f3f2 #c8c8c8 #a0a0a0 #7a7a79 #555555 #343434';

function colourChart(): string {
  const cells = PATCHES.split(' ')
    .map((colour, index) => {
      const x = 1190 + (index % 4) * 52;
      const y = 640 + Math.floor(index / 4) * 52;
      return `<rect x="${x}" y="${y}" width="44" height="44" fill="${colour}"/>`;
    })
    .join('');
  return `<rect x="1176" y="626" width="228" height="332" rx="8" fill="#17181a"/>${cells}<text x="1290" y="1000" text-anchor="middle" font-family="DejaVu Sans, sans-serif" font-size="22" fill="#5d5f61">VANTAGE 24</text>`;
}
