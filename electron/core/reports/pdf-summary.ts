/** First page: whom it is about, what was measured, which pictures there are and whether they can be trusted. */
import type { Check, FindingValue } from '../../contract/index.ts';
import type { ReportFinding, ReportInput, ReportPicture, ReportQuantity } from './report-input.ts';
import { COLOUR, COLUMN, PAGE } from './pdf-sheet.ts';
import type { Sheet, Style } from './pdf-sheet.ts';
import { CHECK_NAMES, REGION_NAMES, checkWords, dateOf, instantOf, timeOf, joined, withError } from './pdf-words.ts';

const LABEL: Style = { size: 7.5, colour: COLOUR.ink3 };
const CELL: Style = { size: 9 };
const STRONG: Style = { size: 9.5, weight: 'semibold' };
const REASON: Style = { size: 8.5, colour: COLOUR.ink2, maxLines: 8 };
const ROW_PADDING = 5.5;
const CHECKS = ['focus', 'exposure', 'framing', 'even-light'] as const;
const REGIONS = ['whole', 'upper-temporal', 'upper-nasal', 'lower-temporal', 'lower-nasal'] as const;

export async function drawSummary(sheet: Sheet, input: ReportInput): Promise<void> {
  drawPatient(sheet, input);
  await sheet.pause();
  if (input.quantities.length > 0) drawQuantities(sheet, input);
  await sheet.pause();
  if (input.findings.length > 0) drawVesselArea(sheet, input.findings);
  await sheet.pause();
  if (input.pictures.length > 0) drawChecks(sheet, input.pictures);
  await sheet.pause();
  if (input.skipped.length > 0 || input.visit.endedReason !== null) drawNotDone(sheet, input);
  drawIntendedUse(sheet);
}

function drawPatient(sheet: Sheet, { patient, visit, timeZone }: ReportInput): void {
  const name = joined(`${patient.givenName} ${patient.familyName}`.trim());
  sheet.y += sheet.text(name, PAGE.left, sheet.y, COLUMN, { size: 24, weight: 'semibold', tracking: -0.5 }) + 8;
  const facts = [
    ['Born', `${dateOf(patient.birthDate)} (${patient.age} years)`, false],
    ['Number', patient.number, true],
    ['Visit', instantOf(visit.startedAt ?? visit.capturedAt, timeZone, false), false],
    ['Protocol', `${visit.protocolTitle}, ${visit.protocolVersion}`, false],
  ] as const;
  const columns = [0, 140, 226, 340, COLUMN + 10];
  let used = 0;
  for (const [index, [label, value, id]] of facts.entries()) {
    const x = columnX(columns, index);
    const width = columnX(columns, index + 1) - x;
    const labelHeight = sheet.text(label, x, sheet.y, width - 10, LABEL);
    const style: Style = { size: 9.5, weight: 'medium', id };
    used = Math.max(used, labelHeight + 1 + sheet.text(value, x, sheet.y + labelHeight + 1, width - 10, style));
  }
  sheet.y += used + 22;
}

function drawQuantities(sheet: Sheet, { quantities, timeZone }: ReportInput): void {
  sheet.heading('Measures', 'value ± error of measurement');
  const columns = [0, 150, 256, 400];
  header(sheet, columns, ['Measure', 'Value', 'Taken with', 'By']);
  for (const quantity of quantities) {
    row(sheet, (y) => {
      const heights = [
        sheet.text(quantity.title, PAGE.left, y, 146, { ...CELL, weight: 'semibold' }),
        valueWithError(
          sheet,
          columnX(columns, 1),
          y,
          quantity.quantity.value,
          quantity.quantity.error,
          quantity.quantity.unit,
        ),
        sheet.text(sourceOf(quantity), columnX(columns, 2), y, 140, CELL),
        sheet.text(
          joined(quantity.takenBy, timeOf(quantity.quantity.at, timeZone)),
          columnX(columns, 3),
          y,
          COLUMN - 400,
          CELL,
        ),
      ];
      return Math.max(...heights);
    });
  }
  sheet.y += 18;
}

function sourceOf({ quantity, deviceName }: ReportQuantity): string {
  if (quantity.source === 'by-hand') return 'entered by hand';
  const calibration = quantity.calibrationId === null ? 'no calibration known' : 'calibrated';
  return `${deviceName ?? 'device'}, ${calibration}`;
}

/** Numbers for both eyes, and where they lie on one axis from zero, each with its error. */
function drawVesselArea(sheet: Sheet, findings: readonly ReportFinding[]): void {
  sheet.heading('Retinal vessels', 'share of the field covered by vessels ± standard error');
  const columns = [0, 150, 256, 372];
  const values = findings.flatMap((finding) => finding.values);
  const most = Math.ceil(Math.max(1, ...values.map(({ value, standardError }) => value + standardError)) / 5) * 5;
  const axis = { x: columnX(columns, 3), width: PAGE.right - columnX(columns, 3), most };
  const labelY = sheet.y;
  header(sheet, columns, ['Part of the field', 'Right eye', 'Left eye']);
  sheet.text('0', axis.x, labelY, axis.width, LABEL);
  sheet.text('● right  ○ left', axis.x, labelY, axis.width, { ...LABEL, align: 'centre' });
  sheet.text(`${most}\u202f%`, axis.x, labelY, axis.width, { ...LABEL, align: 'right' });
  for (const region of REGIONS) {
    const [right, left] = (['right', 'left'] as const).map((eye) => valueOf(findings, eye, region));
    if (!right && !left) continue;
    row(sheet, (y) => {
      const whole = region === 'whole';
      const title: Style = whole ? { ...CELL, weight: 'semibold' } : CELL;
      const height = sheet.text(REGION_NAMES[region], PAGE.left + (whole ? 0 : 10), y, 138, title);
      for (const [index, value] of [right, left].entries()) {
        const x = columnX(columns, index + 1);
        if (value) valueWithError(sheet, x, y, value.value, value.standardError, '%');
        else sheet.text('not measured', x, y, 100, { ...CELL, colour: COLOUR.ink3 });
      }
      sheet.shape((doc) => drawOnAxis(doc, axis, y + height / 2, right, left));
      return height;
    });
  }
  sheet.y += 18;
}

function drawOnAxis(
  doc: PDFKit.PDFDocument,
  axis: { readonly x: number; readonly width: number; readonly most: number },
  middle: number,
  right: FindingValue | undefined,
  left: FindingValue | undefined,
): void {
  const at = (value: number): number => axis.x + (axis.width * Math.min(Math.max(0, value), axis.most)) / axis.most;
  doc.rect(axis.x, middle - 6.5, axis.width, 13).fill(COLOUR.sunken);
  for (const [value, y, filled] of [[right, middle - 2.6, true] as const, [left, middle + 2.6, false] as const]) {
    if (!value) continue;
    doc
      .moveTo(at(value.value - value.standardError), y)
      .lineTo(at(value.value + value.standardError), y)
      .lineWidth(1)
      .strokeColor(COLOUR.accent)
      .stroke();
    doc.circle(at(value.value), y, 1.9).lineWidth(0.9);
    if (filled) doc.fillAndStroke(COLOUR.accent, COLOUR.accent);
    else doc.fillAndStroke('#FFFFFF', COLOUR.accent);
  }
}

/** One row a picture, one column a check; the limit stands where it was not met, all limits stand with the provenance. */
function drawChecks(sheet: Sheet, pictures: readonly ReportPicture[]): void {
  sheet.heading('Pictures and their checks');
  const asked = CHECKS.filter((id) => pictures.some(({ checks }) => checks.some((check) => check.id === id)));
  const columns = [0, ...asked.map((_, index) => 118 + index * 66), 382];
  header(sheet, columns, ['Picture', ...asked.map((id) => CHECK_NAMES[id]), 'Result']);
  for (const picture of pictures) {
    row(sheet, (y) => {
      let titleHeight = sheet.text(picture.title, PAGE.left, y, 114, { ...CELL, weight: 'semibold' });
      if (picture.attempts > 1) {
        const tries = `try ${picture.attempt} of ${picture.attempts}`;
        titleHeight += sheet.text(tries, PAGE.left, y + titleHeight, 114, LABEL);
      }
      const heights = asked.map((id, index) => {
        const check = picture.checks.find((each) => each.id === id);
        return check ? drawCheck(sheet, check, columnX(columns, index + 1), y) : 0;
      });
      return Math.max(titleHeight, ...heights, drawResult(sheet, picture, PAGE.left + 382, y));
    });
  }
  sheet.y += 18;
}

function drawCheck(sheet: Sheet, check: Check, x: number, y: number): number {
  sheet.mark(check.passed ? 'ok' : 'warn', x, y + 2.1);
  const words = checkWords(check);
  if (check.passed) return sheet.text(words.value, x + 12.5, y, 50, CELL);
  const used = sheet.text(words.value, x + 12.5, y, 50, { ...CELL, weight: 'medium', colour: COLOUR.warn });
  return used + sheet.text(words.limit, x + 12.5, y + used, 52, { ...LABEL, colour: COLOUR.warn });
}

function drawResult(sheet: Sheet, picture: ReportPicture, x: number, y: number): number {
  const width = PAGE.right - x;
  const kind = picture.passed ? 'ok' : picture.kept ? 'warn' : 'none';
  sheet.mark(kind, x, y + 2.1);
  const word = { ok: 'Passed', warn: 'Kept with a reason', none: 'Without a verdict' }[kind];
  const colour = kind === 'warn' ? COLOUR.warn : COLOUR.ink;
  let used = sheet.text(word, x + 13, y, width - 13, { ...CELL, weight: 'medium', colour });
  if (picture.kept) {
    const reason = `${picture.kept.byName}: ${picture.kept.reason}`;
    used += 1 + sheet.text(reason, x + 13, y + used + 1, width - 13, REASON);
  }
  return used;
}

function drawNotDone(sheet: Sheet, { skipped, visit }: ReportInput): void {
  const lines = skipped.map(({ title, reason }) => ({ title, text: `Skipped: ${reason}` }));
  if (visit.endedReason !== null) lines.push({ title: 'Visit', text: `Ended early: ${visit.endedReason}` });
  const draws = lines.map(({ title, text }) => (y: number): number => {
    sheet.mark('none', PAGE.left, y + 2.1);
    const left = sheet.text(title, PAGE.left + 13, y, 130, { ...CELL, weight: 'semibold' });
    return Math.max(left, sheet.text(text, PAGE.left + 150, y, COLUMN - 150, { ...CELL, maxLines: 12 }));
  });
  sheet.heading('Not done', '', sheet.measure(draws[0] ?? (() => 0)));
  sheet.rule(sheet.y);
  for (const draw of draws) row(sheet, draw);
  sheet.y += 18;
}

function drawIntendedUse(sheet: Sheet): void {
  const words =
    'This report measures; it is not a diagnosis. Its numbers are for a clinician, who knows the patient, to read.';
  const height = sheet.heightOf(words, COLUMN - 32, CELL) + 20;
  sheet.ensure(height);
  sheet.shape((doc) => doc.roundedRect(PAGE.left, sheet.y, COLUMN, height, 5).fill(COLOUR.accentSoft));
  sheet.text(words, PAGE.left + 16, sheet.y + 10, COLUMN - 32, { ...CELL, colour: COLOUR.accent, weight: 'medium' });
  sheet.y += height + 14;
}

function valueWithError(sheet: Sheet, x: number, y: number, value: number, error: number, unit: string): number {
  const words = withError(value, error, unit);
  const height = sheet.text(words.value, x, y - 0.4, 100, STRONG);
  sheet.text(words.error, x + sheet.widthOf(words.value, STRONG) + 3.5, y, 100, { ...CELL, colour: COLOUR.ink2 });
  return height;
}

function valueOf(
  findings: readonly ReportFinding[],
  eye: 'right' | 'left',
  region: FindingValue['region'],
): FindingValue | undefined {
  return findings.find((finding) => finding.eye === eye)?.values.find((value) => value.region === region);
}

function columnX(columns: readonly number[], index: number): number {
  return PAGE.left + (columns[index] ?? 0);
}

function header(sheet: Sheet, columns: readonly number[], titles: readonly string[]): void {
  for (const [index, title] of titles.entries()) {
    if (title !== '') sheet.text(title, columnX(columns, index), sheet.y, COLUMN, LABEL);
  }
  sheet.y += 15;
  sheet.rule(sheet.y);
}

/** One row with a hairline below; never cut by the end of a page. */
function row(sheet: Sheet, draw: (y: number) => number): void {
  const height = sheet.measure(draw) + 2 * ROW_PADDING;
  if (sheet.ensure(height)) sheet.rule(sheet.y);
  draw(sheet.y + ROW_PADDING);
  sheet.y += height;
  sheet.rule(sheet.y);
}
