/** Last pages: where every picture and every number comes from, and what this document is. */
import type { Provenance } from '../../contract/index.ts';
import { MISSING } from './pdf-fonts.ts';
import { COLOUR, COLUMN, PAGE } from './pdf-sheet.ts';
import type { Sheet, Style } from './pdf-sheet.ts';
import {
  CHECK_NAMES,
  bytesOf,
  checkWords,
  hashGroups,
  instantOf,
  joined,
  millisecondsOf,
  settingOf,
} from './pdf-words.ts';
import type { ReportFinding, ReportInput, ReportPicture } from './report-input.ts';

const GAP = 22;
const BLOCK_GAP = 12;
const BLOCK_WIDTH = (COLUMN - GAP) / 2;
const LABEL_WIDTH = 58;
const LABEL: Style = { size: 7.5, colour: COLOUR.ink3 };
const VALUE: Style = { size: 7.5, maxLines: 10 };
const ID: Style = { size: 7.5, id: true };
const TITLE: Style = { size: 9, weight: 'semibold' };

type Line = readonly [label: string, value: string, style?: Style];
interface Block {
  readonly title: string;
  readonly lines: readonly Line[];
}

export async function drawProvenance(sheet: Sheet, input: ReportInput, contentSha256: string): Promise<void> {
  sheet.newPage();
  sheet.heading('Where this comes from');
  await drawBlocks(
    sheet,
    input.pictures.map((picture) => pictureBlock(picture, input.timeZone)),
  );
  const makers = [...input.findings.map(findingBlock), ...checkBlocks(input.pictures)];
  if (makers.length > 0) {
    sheet.y += 6;
    // Together on a page if they fit on one: they are read against each other.
    sheet.ensure(Math.min(blocksHeight(sheet, makers) + 30, PAGE.bottom - PAGE.top));
    sheet.heading('What made the numbers');
    await drawBlocks(sheet, makers);
  }
  await drawDocument(sheet, input, contentSha256);
}

async function drawDocument(sheet: Sheet, input: ReportInput, contentSha256: string): Promise<void> {
  const blocks = [documentBlock(input), contentBlock(contentSha256)];
  sheet.y += 6;
  sheet.ensure(blocksHeight(sheet, blocks) + 70);
  sheet.heading('This document');
  await drawBlocks(sheet, blocks);
  const sentences = [
    'It is approved by the SHA-256 of this file. The approval is kept beside the file, so the file itself never changes.',
  ];
  if (sheet.lostSigns) {
    sentences.push(
      `${MISSING} stands for a sign that this document’s letters do not have; the record holds it as it was written.`,
    );
  }
  for (const sentence of sentences) {
    sheet.y += sheet.text(sentence, PAGE.left, sheet.y, COLUMN, { size: 8, colour: COLOUR.ink2 }) + 3;
  }
}

function pictureBlock(picture: ReportPicture, timeZone: string): Block {
  const { device } = picture;
  const settings = Object.entries(picture.settings)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => settingOf(name, value));
  return {
    title: picture.title,
    lines: [
      ['Taken', joined(instantOf(picture.takenAt, timeZone), picture.takenBy)],
      ['Device', device ? joined(`${device.manufacturer} ${device.model}`, `firmware ${device.firmware}`) : joined()],
      ['Serial', device?.serial ?? joined(), ID],
      [
        'Settings',
        joined(picture.fieldAngleDegrees === null ? null : `field ${picture.fieldAngleDegrees}°`, ...settings),
      ],
      [
        'Try',
        joined(
          `${picture.attempt} of ${picture.attempts}`,
          picture.kept && `kept by ${picture.kept.byName}: ${picture.kept.reason}`,
          picture.simulated && 'simulated',
        ),
      ],
      ['SHA-256', hashGroups(picture.sha256), ID],
      ['Size', bytesOf(picture.size)],
    ],
  };
}

function findingBlock(finding: ReportFinding): Block {
  return {
    title: `${finding.title}, ${finding.eye} eye`,
    lines: [
      ...makerLines(finding.provenance),
      ['Duration', millisecondsOf(finding.provenance.durationMs)],
      ['Read from', hashGroups(finding.inputSha256), ID],
      ['Intended use', finding.intendedUse],
    ],
  };
}

/** One block for each thing that checked, with what it checked; formulas carry the hash of their published definition. */
function checkBlocks(pictures: readonly ReportPicture[]): Block[] {
  const makers = new Map<
    string,
    { readonly provenance: Provenance; readonly checks: Set<string>; readonly limits: Set<string> }
  >();
  for (const check of pictures.flatMap(({ checks }) => checks)) {
    const { id, provenance } = check;
    const key = [
      provenance.model,
      provenance.version,
      provenance.sha256,
      provenance.provider,
      provenance.runtime,
    ].join();
    const known = makers.get(key) ?? { provenance, checks: new Set(), limits: new Set() };
    known.checks.add(CHECK_NAMES[id]);
    known.limits.add(checkWords(check).limit);
    makers.set(key, known);
  }
  return Array.from(makers.values(), ({ provenance, checks, limits }) => ({
    title: [...checks].join(', '),
    lines: [...makerLines(provenance), ['Limit', [...limits].join(', ')] as const],
  }));
}

function makerLines({ model, version, sha256, provider, runtime }: Provenance): Line[] {
  return [
    ['Made by', `${model} ${version}`],
    ['SHA-256', hashGroups(sha256), ID],
    ['Ran on', joined('this station', provider, runtime)],
  ];
}

function documentBlock(input: ReportInput): Block {
  return {
    title: `Report, version ${input.version}`,
    lines: [
      ['Made', joined(instantOf(input.madeAt, input.timeZone), input.timeZone)],
      ['Station', joined(input.clinic.station, input.clinic.location)],
      ['Report id', input.reportId, ID],
      ['Visit id', input.sessionId, ID],
    ],
  };
}

function contentBlock(contentSha256: string): Block {
  return {
    title: 'Contents',
    lines: [
      ['SHA-256', hashGroups(contentSha256), ID],
      ['Taken over', 'everything printed here, as canonical JSON, each picture by its own SHA-256'],
    ],
  };
}

/** Two beside each other, filled row by row; a block is never cut by the end of a page. */
async function drawBlocks(sheet: Sheet, blocks: readonly Block[]): Promise<void> {
  for (const pair of pairs(blocks)) {
    await sheet.pause();
    sheet.ensure(sheet.measure((y) => drawPair(sheet, pair, y)));
    sheet.y += drawPair(sheet, pair, sheet.y) + BLOCK_GAP;
  }
}

function blocksHeight(sheet: Sheet, blocks: readonly Block[]): number {
  return pairs(blocks)
    .map((pair) => sheet.measure((y) => drawPair(sheet, pair, y)) + BLOCK_GAP)
    .reduce((sum, height) => sum + height, 0);
}

function drawPair(sheet: Sheet, pair: readonly Block[], y: number): number {
  return Math.max(...pair.map((block, index) => drawBlock(sheet, block, PAGE.left + index * (BLOCK_WIDTH + GAP), y)));
}

function pairs(blocks: readonly Block[]): readonly (readonly Block[])[] {
  return blocks.flatMap((_, index) => (index % 2 === 0 ? [blocks.slice(index, index + 2)] : []));
}

function drawBlock(sheet: Sheet, block: Block, x: number, y: number): number {
  let used = sheet.text(block.title, x, y, BLOCK_WIDTH, TITLE) + 3;
  sheet.rule(y + used, COLOUR.line, x, BLOCK_WIDTH);
  used += 4;
  for (const [label, value, style = VALUE] of block.lines) {
    const labelHeight = sheet.text(label, x, y + used, LABEL_WIDTH - 4, LABEL);
    used += Math.max(labelHeight, sheet.text(value, x + LABEL_WIDTH, y + used, BLOCK_WIDTH - LABEL_WIDTH, style)) + 1.5;
  }
  return used;
}
