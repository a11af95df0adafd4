/**
 * The report of a visit as a PDF: data in, bytes out. The same input gives the same bytes, so that the hash by which a report is
 * approved means its content: every date comes from the input, pictures are encoded again in one way, nothing is random.
 */
import { createHash } from 'node:crypto';
import { drawPictures } from './pdf-pictures.ts';
import { drawProvenance } from './pdf-provenance.ts';
import { COLOUR, COLUMN, PAGE, Sheet } from './pdf-sheet.ts';
import type { Style } from './pdf-sheet.ts';
import { drawSummary } from './pdf-summary.ts';
import { dateOf, instantOf } from './pdf-words.ts';
import type { RenderedReport, ReportInput } from './report-input.ts';

const SMALL: Style = { size: 7.5, colour: COLOUR.ink3 };
const MARKS = { simulated: 'Simulated', demonstration: 'Demonstration' } as const;

/**
 * A4, English. First whom it is about, measures, checks and what was not done; then the pictures; then where it all comes from.
 * Pictures that cannot be decoded leave a sentence in their place; signs that no bundled font has leave a box.
 */
export async function renderReport(input: ReportInput): Promise<RenderedReport> {
  const madeAt = new Date(input.madeAt);
  const sheet = new Sheet({
    pdfVersion: '1.7',
    lang: 'en',
    displayTitle: true,
    info: {
      // No name and no number: titles are shown by window lists and print queues.
      Title: `Imaging report ${input.reportId}, version ${input.version}`,
      Author: input.clinic.name,
      Creator: 'Vantage Workstation',
      Producer: 'Vantage Workstation',
      CreationDate: madeAt,
      ModDate: madeAt,
    },
  });
  const bytes = collected(sheet.doc);
  sheet.newPage();
  await drawSummary(sheet, input);
  await drawPictures(sheet, input);
  await drawProvenance(sheet, input, contentHash(input));
  const pages = sheet.doc.bufferedPageRange().count;
  for (let page = 0; page < pages; page += 1) {
    sheet.doc.switchToPage(page);
    drawHeader(sheet, input, page);
    drawFooter(sheet, input, page, pages);
  }
  sheet.doc.end();
  return { bytes: await bytes, pages };
}

/** SHA-256 over the canonical JSON of everything that is printed (keys sorted, pictures by the SHA-256 of their bytes). */
export function contentHash(input: ReportInput): string {
  return createHash('sha256')
    .update(JSON.stringify(canonical(input)))
    .digest('hex');
}

function canonical(value: unknown): unknown {
  if (value instanceof Uint8Array) return { sha256: createHash('sha256').update(value).digest('hex') };
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => [key, canonical(each)]),
  );
}

/** On every page the clinic; from the second on also the patient, since pages get separated. */
function drawHeader(sheet: Sheet, input: ReportInput, page: number): void {
  const { clinic, patient, visit, timeZone } = input;
  const top = 36;
  drawSign(sheet, PAGE.left, top + 1);
  const [nameWidth, rightWidth] = [COLUMN * 0.34, COLUMN * 0.58];
  const place = [clinic.location, clinic.station].filter(Boolean).join(' · ');
  sheet.text(clinic.name, PAGE.left + 26, top - 1.5, nameWidth, { size: 10, weight: 'semibold', maxLines: 1 });
  sheet.text(place, PAGE.left + 26, top + 12, nameWidth, { ...SMALL, maxLines: 1 });
  const born = `born ${dateOf(patient.birthDate)} · ${patient.number}`;
  const day = instantOf(visit.startedAt ?? visit.capturedAt, timeZone, false).split(',')[0] ?? '';
  const [first, second] =
    page === 0
      ? ['Imaging report', `version ${input.version} · made ${instantOf(input.madeAt, timeZone, false)}`]
      : [`${patient.givenName} ${patient.familyName}`.trim(), `${born} · visit ${day}`];
  const x = PAGE.right - rightWidth;
  drawUpwards(sheet, first, x, top + 12.7, rightWidth);
  sheet.text(second, x, top + 12, rightWidth, { ...SMALL, align: 'right' });
  sheet.rule(top + 30);
  if (input.mark !== null) sheet.hatchTag(MARKS[input.mark], PAGE.width - 118, 0, 118, 18, 8.5);
}

/** A name of any length, whole: smaller if it must be, then on lines that grow upwards from `bottom`. */
function drawUpwards(sheet: Sheet, text: string, x: number, bottom: number, width: number): void {
  const fits = [10, 9, 8, 7].find((size) => sheet.lines(text, width, { size, weight: 'semibold' }).length === 1) ?? 7;
  const style: Style = { size: fits, weight: 'semibold', align: 'right' };
  sheet.text(text, x, bottom - sheet.heightOf(text, width, style), width, style);
}

function drawFooter(sheet: Sheet, input: ReportInput, page: number, pages: number): void {
  const y = 803;
  sheet.rule(y - 7);
  sheet.text(`Report ${input.reportId}`, PAGE.left, y, COLUMN, { ...SMALL, id: true });
  sheet.text('Measuring, not a diagnosis', PAGE.left, y, COLUMN, { ...SMALL, align: 'centre' });
  sheet.text(`Page ${page + 1} of ${pages}`, PAGE.left, y, COLUMN, { ...SMALL, align: 'right' });
}

/** The product's sign, drawn on a field of 28 x 28. */
function drawSign({ doc }: Sheet, x: number, y: number): void {
  doc
    .save()
    .translate(x - 1.5, y - 4)
    .scale(0.82);
  doc.path('M2 6h6.2L14 19.5 19.8 6H26L17 24.5h-6z').fill(COLOUR.accent);
  doc.circle(14, 6.6, 3.1).fill(COLOUR.accent);
  doc.restore();
}

function collected(doc: PDFKit.PDFDocument): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    doc.on('data', (part: Buffer) => parts.push(part));
    doc.on('end', () => resolve(Buffer.concat(parts)));
    doc.on('error', reject);
  });
}
