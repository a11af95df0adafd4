import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contentHash, renderReport } from './pdf.ts';
import type { ReportInput } from './report-input.ts';
import { sampleReport } from './testing/sample-report.ts';

/** Another reader than the writer's library looks at what was written. */
const hasPoppler = spawnSync('pdftotext', ['-v']).error === undefined;
const unless = hasPoppler ? '' : ' (skipped: needs poppler-utils)';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vantage-report-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

interface Read {
  readonly pages: readonly string[];
  readonly all: string;
  readonly path: string;
}

/** Text page by page, as poppler reads it, white space made single. */
async function readBack(input: ReportInput): Promise<Read> {
  const rendered = await renderReport(input);
  const path = join(folder, `${hashOf(rendered.bytes).slice(0, 12)}.pdf`);
  writeFileSync(path, rendered.bytes);
  const text = execFileSync('pdftotext', ['-layout', path, '-'], { encoding: 'utf8' });
  const pages = text
    .split('\f')
    .slice(0, -1)
    .map((page) => page.normalize('NFC').replaceAll(/\s+/g, ' '));
  expect(pages).toHaveLength(rendered.pages);
  return { pages, all: pages.join(' '), path };
}

async function pixelsOf(path: string, page: number): Promise<Buffer> {
  const png = execFileSync('pdftoppm', ['-r', '60', '-f', `${page}`, '-l', `${page}`, '-png', path], {
    maxBuffer: 64e6,
  });
  return sharp(png).removeAlpha().raw().toBuffer();
}

function simulatedTags(page: string): number {
  return page.split('Simulated').length - 1;
}

/** Pixels near the vessel map's colour. */
function vesselPixels(pixels: Buffer): number {
  let count = 0;
  for (let at = 0; at < pixels.length; at += 3) {
    const [red = 0, green = 0, blue = 0] = pixels.subarray(at, at + 3);
    if (Math.abs(red - 0x45) < 40 && Math.abs(green - 0xe0) < 40 && Math.abs(blue - 0xd0) < 40) count += 1;
  }
  return count;
}

describe('the same visit', () => {
  it('gives the same bytes, also in another process', async () => {
    const input = await sampleReport();
    const first = await renderReport(input);
    expect(hashOf((await renderReport(input)).bytes)).toBe(hashOf(first.bytes));
    const script = `
      const { renderReport } = await import(${JSON.stringify(join(import.meta.dirname, 'pdf.ts'))});
      const { sampleReport } = await import(${JSON.stringify(join(import.meta.dirname, 'testing', 'sample-report.ts'))});
      const { bytes } = await renderReport(await sampleReport());
      process.stdout.write((await import('node:crypto')).createHash('sha256').update(bytes).digest('hex'));`;
    const other = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      env: { ...process.env, TZ: 'Pacific/Auckland', LANG: 'ar_EG.UTF-8' },
    });
    expect(other).toBe(hashOf(first.bytes));
  });

  it('has another content hash when anything printed is another', async () => {
    const input = await sampleReport();
    const [first, ...rest] = input.pictures;
    const otherPicture = { ...input, pictures: first ? [{ ...first, image: new Uint8Array([1]) }, ...rest] : [] };
    const otherName = { ...input, patient: { ...input.patient, givenName: 'Noah' } };
    expect(new Set([input, otherPicture, otherName, { ...input, version: 2 }].map(contentHash)).size).toBe(4);
    const shuffled = Object.fromEntries(Object.entries(input).toReversed()) as unknown as ReportInput;
    expect(contentHash(shuffled)).toBe(contentHash(input));
  });
});

describe.skipIf(!hasPoppler)(`a report read by poppler${unless}`, () => {
  it('says whom it is about, on every page', async () => {
    const { pages } = await readBack(await sampleReport());
    expect(pages).toHaveLength(5);
    for (const [index, page] of pages.entries()) {
      expect(page).toContain('Noa Dugma');
      expect(page).toContain('HR-03611');
      expect(page).toContain('15 Oct 1990');
      expect(page).toContain('Harbour Clinic');
      expect(page).toContain(`Page ${index + 1} of 5`);
      expect(page).toContain('Measuring, not a diagnosis');
    }
  });

  it('gives every measure with its error and unit', async () => {
    const { pages } = await readBack(await sampleReport());
    const words = [
      '72.45 ± 0.10 kg',
      '176.5 ± 0.2 cm',
      '10.93 ± 0.24 %',
      '6.37 ± 0.33 %',
      'entered by hand',
      'no calibration known',
    ];
    for (const word of words) expect(pages[0]).toContain(word);
  });

  it('marks a picture kept although a check failed, with who and why', async () => {
    const { pages, all } = await readBack(await sampleReport());
    expect(pages[0]).toContain('Kept with a reason');
    expect(pages[0]).toContain('needs 6.0');
    expect(pages[0]).toContain('Dr Leila Nemuneh');
    expect(all).toContain('kept with a reason');
  });

  it('says what was skipped and why', async () => {
    const input = await sampleReport();
    const { all } = await readBack({
      ...input,
      pictures: input.pictures.filter(({ subject }) => subject !== 'retina-left'),
      findings: input.findings.slice(0, 1),
      skipped: [{ title: 'Retina, left eye', reason: 'Eye operated on last week' }],
      visit: { ...input.visit, endedReason: 'Asked to stop' },
    });
    expect(all).toContain('Skipped: Eye operated on last week');
    expect(all).toContain('Ended early: Asked to stop');
    expect(all).toContain('not measured');
  });

  it('tells where every picture and number comes from, hashes in full', async () => {
    const input = await sampleReport();
    const { path, all } = await readBack(input);
    // Two columns side by side: in reading order each hash's two lines follow each other.
    const reading = execFileSync('pdftotext', [path, '-'], { encoding: 'utf8' }).replaceAll(/\s+/g, '');
    const hashes = [
      ...input.pictures.map(({ sha256 }) => sha256),
      ...input.findings.map(({ provenance }) => provenance.sha256),
      ...input.pictures.flatMap(({ checks }) => checks.map(({ provenance }) => provenance.sha256)),
      contentHash(input),
    ];
    for (const hash of hashes) expect(reading).toContain(hash);
    for (const word of [
      'EOS R5',
      '082024001234',
      '1.9.0',
      'field 30°',
      'onnxruntime 1.30.0',
      'retinal-vessels 1.4.0',
      '167 ms',
    ]) {
      expect(all).toContain(word);
    }
    expect(all).toContain('21 Nov 2026, 07:52:18');
  });

  it('is hatched "Simulated" on every page and picture of a simulated visit, and nowhere else', async () => {
    const input = await sampleReport();
    const { pages } = await readBack(input);
    expect(pages.map(simulatedTags)).toEqual([1, 5, 5, 1, 1]);
    const pictures = input.pictures.map((picture) => ({ ...picture, simulated: false }));
    const real = await readBack({ ...input, mark: null, pictures });
    expect(real.pages.map(simulatedTags)).toEqual([0, 0, 0, 0, 0]);
    expect(real.all).not.toContain('simulated');
    const shown = await readBack({ ...input, mark: 'demonstration', pictures });
    expect(shown.pages.map(simulatedTags)).toEqual([0, 0, 0, 0, 0]);
    expect(shown.pages.map((page) => page.split('Demonstration').length - 1)).toEqual([1, 1, 1, 1, 1]);
  });

  it('lays the vessel map over the retina', async () => {
    const input = await sampleReport();
    const withMap = vesselPixels(await pixelsOf((await readBack(input)).path, 3));
    const pictures = input.pictures.map((picture) => ({ ...picture, overlay: null }));
    const without = vesselPixels(await pixelsOf((await readBack({ ...input, pictures })).path, 3));
    expect(withMap).toBeGreaterThan(300);
    expect(without).toBe(0);
  });

  it('prints names in Latin with every mark, Greek, Cyrillic and Arabic letters', async () => {
    const input = await sampleReport();
    const names = ['Przykład', 'Apẹẹrẹ', 'Ştefănescu', 'Žižková', 'Nguyễn', 'Παράδειγμα', 'Образцова', 'Þórðardóttir'];
    const { pages, all, path } = await readBack({
      ...input,
      patient: { ...input.patient, givenName: 'نموذج', familyName: names.join(' ') },
    });
    for (const name of names) expect(pages[0]).toContain(name);
    expect(all).not.toContain('□');
    expect(execFileSync('pdffonts', [path], { encoding: 'utf8' })).toContain('NotoSansArabic');
  });

  it('puts a box for signs that no font has, and says what it means', async () => {
    const input = await sampleReport();
    const { pages, all } = await readBack({
      ...input,
      patient: { ...input.patient, givenName: 'Mei 😀👩‍👩‍👧', familyName: '山田' },
    });
    expect(pages[0]).toContain('Mei □□ □□');
    expect(all).toContain('□ stands for a sign');
  });

  it('is made although pictures are missing or damaged, and says so in their place', async () => {
    const input = await sampleReport();
    const pictures = input.pictures.map((picture, index) => ({
      ...picture,
      image: index === 0 ? null : index === 1 ? (picture.image ?? new Uint8Array()).subarray(0, 2000) : picture.image,
      overlay: index === 5 ? new Uint8Array([1, 2, 3]) : picture.overlay,
    }));
    const { pages } = await readBack({ ...input, pictures });
    expect(pages[1]?.split('cannot be shown').length).toBe(3);
    expect(pages[2]).toContain('no vessel map of this picture');
  });

  it('is made for a visit in which nothing was taken', async () => {
    const input = await sampleReport();
    const { pages } = await readBack({ ...input, quantities: [], pictures: [], findings: [] });
    expect(pages).toHaveLength(2);
  });

  it('keeps every word on the paper, however long what people wrote is', async () => {
    const input = await sampleReport();
    const long = `${'Unterbrechungsfreiestromversorgung'.repeat(6)} ${'and then once more '.repeat(200)}`;
    const { path, all } = await readBack({
      ...input,
      // Its tag alone reaches to the paper's edge.
      mark: null,
      patient: {
        ...input.patient,
        givenName: 'Ana '.repeat(20),
        familyName: 'Przykładowska'.repeat(8),
        number: 'X'.repeat(32),
      },
      clinic: { name: 'Klinik '.repeat(12), location: long.slice(0, 90), station: 'Station' },
      pictures: input.pictures.map((picture) => ({
        ...picture,
        passed: false,
        kept: { reason: long, byName: 'Ines' },
        settings: { note: long },
      })),
      skipped: [{ title: 'Height', reason: long }],
    });
    expect(all).toContain('…');
    const boxes = execFileSync('pdftotext', ['-bbox', path, '-'], { encoding: 'utf8' });
    const words = [...boxes.matchAll(/xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)"/g)];
    expect(words.length).toBeGreaterThan(500);
    for (const [, left, top, right, bottom] of words) {
      expect(Number(left)).toBeGreaterThanOrEqual(41);
      expect(Number(right)).toBeLessThanOrEqual(554.5);
      expect(Number(top)).toBeGreaterThanOrEqual(0);
      expect(Number(bottom)).toBeLessThanOrEqual(820);
    }
  });
});
