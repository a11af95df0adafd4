/** The pictures: four sides of the body, then both retinas, each as taken and with its vessel map. */
import { printed } from './pdf-images.ts';
import type { PrintedPicture } from './pdf-images.ts';
import { COLOUR, COLUMN, PAGE } from './pdf-sheet.ts';
import type { Sheet, Style } from './pdf-sheet.ts';
import { instantOf, withError } from './pdf-words.ts';
import type { ReportInput, ReportPicture } from './report-input.ts';

const GAP = 11;
const WELL_WIDTH = (COLUMN - GAP) / 2;
const BODY_WELL_HEIGHT = 297;
const CAPTION: Style = { size: 9, weight: 'semibold' };
const NOTE: Style = { size: 8, colour: COLOUR.ink3 };
const IN_WELL: Style = { size: 7.5, colour: COLOUR.wellInk2 };

interface Well {
  readonly picture: ReportPicture;
  readonly image: PrintedPicture | null;
  readonly caption: string;
  readonly note: string;
  /** Words in the lower corners of the well. */
  readonly corners: readonly [left: string, right: string];
  /** What is said where the image cannot be shown. */
  readonly instead: string;
}

/** Begins a page for each kind of picture that there is. */
export async function drawPictures(sheet: Sheet, input: ReportInput): Promise<void> {
  const body = input.pictures.filter(({ subject }) => subject.startsWith('body-'));
  const retina = input.pictures.filter(({ subject }) => subject.startsWith('retina-'));
  if (body.length > 0) await drawBody(sheet, input, body);
  if (retina.length > 0) await drawRetina(sheet, input, retina);
}

async function drawBody(sheet: Sheet, input: ReportInput, pictures: readonly ReportPicture[]): Promise<void> {
  sheet.newPage();
  sheet.heading('Body photographs');
  for (let first = 0; first < pictures.length; first += 2) {
    const wells = await Promise.all(
      pictures.slice(first, first + 2).map((picture) => bodyWell(picture, input.timeZone)),
    );
    drawRow(sheet, wells, BODY_WELL_HEIGHT);
  }
}

async function bodyWell(picture: ReportPicture, timeZone: string): Promise<Well> {
  return {
    picture,
    image: await printed(picture, false),
    caption: picture.title,
    note: takenNote(picture, timeZone),
    corners: ['', ''],
    instead: 'This picture cannot be shown. It is kept as it came.',
  };
}

async function drawRetina(sheet: Sheet, input: ReportInput, pictures: readonly ReportPicture[]): Promise<void> {
  sheet.newPage();
  sheet.heading('Retinas', 'right eye on the left, as seen from the front');
  // The right eye stands on the viewer's left, also when it is the only one or was taken second.
  const eyes = (['right', 'left'] as const).map((eye) => pictures.find(({ subject }) => subject === `retina-${eye}`));
  const asTaken = await Promise.all(eyes.map((picture) => retinaWell(picture, input, false)));
  drawRow(sheet, asTaken, WELL_WIDTH);
  const maps = await Promise.all(eyes.map((picture) => retinaWell(picture, input, true)));
  if (maps.some((map) => map !== undefined && map.picture.overlay !== null)) drawRow(sheet, maps, WELL_WIDTH);
}

async function retinaWell(
  picture: ReportPicture | undefined,
  input: ReportInput,
  map: boolean,
): Promise<Well | undefined> {
  if (!picture) return undefined;
  const eye = picture.subject === 'retina-right' ? 'right' : 'left';
  const whole = input.findings.find((finding) => finding.eye === eye)?.values.find(({ region }) => region === 'whole');
  const area = whole && withError(whole.value, whole.standardError, '%');
  return {
    picture,
    image: await printed(picture, map),
    caption: map ? `Vessel map, ${eye} eye` : picture.title,
    note: map ? (area ? `vessel area ${area.value} ${area.error}` : 'no measure') : takenNote(picture, input.timeZone),
    corners: eye === 'right' ? ['temporal', 'nasal'] : ['nasal', 'temporal'],
    instead: map ? 'There is no vessel map of this picture.' : 'This picture cannot be shown. It is kept as it came.',
  };
}

function takenNote(picture: ReportPicture, timeZone: string): string {
  return `${instantOf(picture.takenAt, timeZone, false)}${picture.kept ? ', kept with a reason' : ''}`;
}

/** Two wells beside each other; a place without a picture stays empty paper. */
function drawRow(sheet: Sheet, wells: readonly (Well | undefined)[], height: number): void {
  sheet.ensure(height + 40);
  const top = sheet.y;
  let captionHeight = 0;
  for (const [index, well] of wells.entries()) {
    if (!well) continue;
    const x = PAGE.left + index * (WELL_WIDTH + GAP);
    drawWell(sheet, well, x, top, height);
    const inset = well.picture.kept ? 13 : 0;
    if (inset > 0) sheet.mark('warn', x, top + height + 8);
    let used = sheet.text(well.caption, x + inset, top + height + 6, WELL_WIDTH - inset, CAPTION);
    used += sheet.text(well.note, x + inset, top + height + 6 + used, WELL_WIDTH - inset, NOTE);
    captionHeight = Math.max(captionHeight, used);
  }
  sheet.y = top + height + captionHeight + 16;
}

/** Dark in print as on screen, so that a picture looks the same everywhere; shown whole, never cut or mirrored. */
function drawWell(sheet: Sheet, well: Well, x: number, y: number, height: number): void {
  const { doc } = sheet;
  doc.rect(x, y, WELL_WIDTH, height).fill(COLOUR.well);
  if (well.image) {
    const scale = Math.min(WELL_WIDTH / well.image.width, height / well.image.height);
    const [width, tall] = [well.image.width * scale, well.image.height * scale];
    doc.image(well.image.jpeg, x + (WELL_WIDTH - width) / 2, y + (height - tall) / 2, { width, height: tall });
  } else {
    sheet.text(well.instead, x + 30, y + height / 2 - 8, WELL_WIDTH - 60, {
      size: 9,
      colour: COLOUR.wellInk,
      align: 'centre',
    });
  }
  const [left, right] = well.corners;
  if (left !== '') sheet.text(left, x + 9, y + height - 18, WELL_WIDTH - 18, IN_WELL);
  if (right !== '') sheet.text(right, x + 9, y + height - 18, WELL_WIDTH - 18, { ...IN_WELL, align: 'right' });
  if (well.picture.simulated) sheet.hatchTag('Simulated', x + WELL_WIDTH - 76, y, 76, 15, 7.5);
}
