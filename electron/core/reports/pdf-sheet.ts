/** Paper to draw on: the house's colours and letters, text that wraps and never loses a name, tables, marks, the hatch. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { create } from 'fontkit';
import PdfDocument from 'pdfkit';
import { fontFile, graphemes, oneLine, runsOf } from './pdf-fonts.ts';
import type { FontName, Run, Weight } from './pdf-fonts.ts';

/** The light tokens of the screens. */
export const COLOUR = {
  ink: '#14211F',
  ink2: '#42504C',
  ink3: '#586662',
  line: '#D8DEDB',
  lineStrong: '#73807B',
  sunken: '#F3F5F4',
  accent: '#0A5A60',
  accentSoft: '#DCEBEB',
  ok: '#1C8350',
  warn: '#744700',
  warnMark: '#B36B00',
  warnSoft: '#FBEED2',
  hatch: '#14211F',
  hatchGround: '#F4E3A1',
  hatchStripe: '#C3B884',
  well: '#0B0F10',
  wellInk: '#DCE4E2',
  wellInk2: '#9AA8A5',
  vessel: '#45E0D0',
} as const;

/** A4 in points, and the column that text keeps to. */
export const PAGE = { width: 595.28, height: 841.89, left: 42, right: 553.28, top: 84, bottom: 786 } as const;
export const COLUMN = PAGE.right - PAGE.left;

export interface Style {
  readonly size: number;
  readonly weight?: Weight;
  readonly colour?: string;
  readonly align?: 'left' | 'right' | 'centre';
  /** Identifiers: slashed zero as well as tabular figures. */
  readonly id?: boolean;
  readonly tracking?: number;
  /** For what people wrote without a bound: more lines than this end in an ellipsis; the record holds the rest. */
  readonly maxLines?: number;
}

const LINE_HEIGHT = 1.42;
/** Inter's letters stand this far below the top of their line, in parts of the size. */
const BASELINE = 1.07;
const INTER = create(fontFile('inter-regular'));
/** A collection never comes out of a single font's file; the type allows for it. */
const hasSign = (codePoint: number): boolean =>
  'hasGlyphForCodePoint' in INTER && INTER.hasGlyphForCodePoint(codePoint);

export class Sheet {
  readonly doc: PDFKit.PDFDocument;
  /** Where the next thing goes. */
  y: number = PAGE.top;
  /** Whether a sign had to be replaced because no font has it. */
  lostSigns = false;
  #measuring = false;
  readonly #widths = new Map<string, number>();

  constructor(options: PDFKit.PDFDocumentOptions) {
    this.doc = new PdfDocument({ ...options, autoFirstPage: false, bufferPages: true, size: 'A4', margin: 0 });
    const fonts: readonly FontName[] = [
      'inter-regular',
      'inter-medium',
      'inter-semibold',
      'arabic-regular',
      'arabic-medium',
      'arabic-semibold',
    ];
    for (const name of fonts) this.doc.registerFont(name, fontFile(name));
  }

  newPage(): void {
    this.doc.addPage();
    this.y = PAGE.top;
  }

  /** Goes on to a new page unless `height` fits on this one. @returns whether it went on. */
  ensure(height: number): boolean {
    if (this.y + height <= PAGE.bottom) return false;
    this.newPage();
    return true;
  }

  /** Lets everything else in this process have its turn: drawing a report takes long, and scales are being read meanwhile. */
  async pause(): Promise<void> {
    await nextTurn();
  }

  /** What `draw` would take, without drawing: it uses this sheet's own methods only and returns the height it takes. */
  measure(draw: (y: number) => number): number {
    this.#measuring = true;
    try {
      return draw(0);
    } finally {
      this.#measuring = false;
    }
  }

  /** For lines and shapes of one's own. */
  shape(draw: (doc: PDFKit.PDFDocument) => void): void {
    if (!this.#measuring) draw(this.doc);
  }

  /** Draws `text` wrapped into `width` with its top at `y`. @returns the height it takes. */
  text(text: string, x: number, y: number, width: number, style: Style): number {
    const lines = this.lines(text, width, style);
    const lineHeight = style.size * LINE_HEIGHT;
    const shiftOf = (line: string): number => {
      // Shaping a line takes as long as drawing it: from the left nobody asks how wide it is.
      if (style.align !== 'right' && style.align !== 'centre') return 0;
      const free = width - this.widthOf(line, style);
      return style.align === 'right' ? free : free / 2;
    };
    for (const [index, line] of this.#measuring ? [] : lines.entries()) {
      const shift = shiftOf(line);
      this.#drawLine(line, x + shift, y + index * lineHeight + style.size * BASELINE, style);
    }
    return lines.length * lineHeight;
  }

  heightOf(text: string, width: number, style: Style): number {
    return this.lines(text, width, style).length * style.size * LINE_HEIGHT;
  }

  /** Shaping is most of a report's cost, and the same words are measured again and again. */
  widthOf(text: string, style: Style): number {
    const key = `${style.weight ?? ''} ${style.size} ${style.id ?? ''} ${style.tracking ?? ''} ${text}`;
    const known = this.#widths.get(key);
    if (known !== undefined) return known;
    let width = 0;
    for (const run of this.#runs(text)) width += this.#runWidth(run, style);
    this.#widths.set(key, width);
    return width;
  }

  /** Breaks at spaces, and inside a word only when it alone is wider than the line. */
  lines(text: string, width: number, style: Style): string[] {
    const lines: string[] = [];
    const space = this.widthOf(' ', style);
    let line = '';
    let used = 0;
    const next = (start: string, startWidth: number): void => {
      if (line !== '') lines.push(line);
      line = start;
      used = startWidth;
    };
    for (const word of oneLine(text).split(' ')) {
      const wordWidth = this.widthOf(word, style);
      if (line !== '' && used + space + wordWidth <= width) {
        line += ` ${word}`;
        used += space + wordWidth;
      } else if (wordWidth <= width) {
        next(word, wordWidth);
      } else {
        next('', 0);
        for (const sign of graphemes(word)) {
          const signWidth = this.widthOf(sign, style);
          if (used + signWidth > width) next('', 0);
          line += sign;
          used += signWidth;
        }
      }
    }
    lines.push(line);
    const most = style.maxLines ?? Infinity;
    if (lines.length <= most) return lines;
    let last = graphemes(lines[most - 1] ?? '');
    while (last.length > 0 && this.widthOf(`${last.join('')}…`, style) > width) last = last.slice(0, -1);
    return [...lines.slice(0, most - 1), `${last.join('').trimEnd()}…`];
  }

  rule(y: number, colour: string = COLOUR.line, x: number = PAGE.left, width: number = COLUMN): void {
    if (this.#measuring) return;
    this.doc
      .moveTo(x, y)
      .lineTo(x + width, y)
      .lineWidth(0.6)
      .strokeColor(colour)
      .stroke();
  }

  /** @param following height of what must stand on the same page below it, beside an ordinary row. */
  heading(title: string, note = '', following = 0): void {
    this.ensure(70 + following);
    const used = this.text(title, PAGE.left, this.y, COLUMN, { size: 12, weight: 'semibold', tracking: -0.1 });
    if (note !== '') {
      this.text(note, PAGE.left, this.y + 2.6, COLUMN, { size: 8.5, colour: COLOUR.ink3, align: 'right' });
    }
    this.y += used + 7;
  }

  /** A mark and its word never stand without each other: the caller writes the word. */
  mark(kind: 'ok' | 'warn' | 'none', x: number, y: number, size = 8.5): void {
    if (this.#measuring) return;
    const { doc } = this;
    const half = size / 2;
    doc.save().translate(x, y);
    if (kind === 'ok') {
      doc.circle(half, half, half).fill(COLOUR.ok);
      doc
        .moveTo(size * 0.29, size * 0.52)
        .lineTo(size * 0.44, size * 0.67)
        .lineTo(size * 0.72, size * 0.36)
        .lineWidth(size * 0.13)
        .lineCap('round')
        .lineJoin('round')
        .strokeColor('#FFFFFF')
        .stroke();
    } else if (kind === 'warn') {
      doc.polygon([half, size * 0.02], [size * 1.02, size * 0.94], [size * -0.02, size * 0.94]).lineJoin('round');
      doc.lineWidth(size * 0.08).fillAndStroke(COLOUR.warnMark, COLOUR.warnMark);
      doc.roundedRect(half - size * 0.06, size * 0.34, size * 0.12, size * 0.3, size * 0.05).fill('#FFFFFF');
      doc.circle(half, size * 0.77, size * 0.075).fill('#FFFFFF');
    } else {
      doc
        .circle(half, half, half - size * 0.06)
        .lineWidth(size * 0.1)
        .strokeColor(COLOUR.lineStrong)
        .stroke();
    }
    doc.restore();
  }

  /** Simulated is a hatch, never a hue alone: a hatched tag with its word on plain ground. */
  hatchTag(word: string, x: number, y: number, width: number, height: number, size: number): void {
    const { doc } = this;
    doc.save().rect(x, y, width, height).clip();
    doc.rect(x, y, width, height).fill(COLOUR.hatchGround);
    const step = height * 0.5;
    doc.lineWidth(height * 0.09).strokeColor(COLOUR.hatchStripe);
    for (let at = x - height; at < x + width + height; at += step) {
      doc
        .moveTo(at, y + height)
        .lineTo(at + height, y)
        .stroke();
    }
    const style: Style = { size, weight: 'semibold', colour: COLOUR.hatch };
    const wordWidth = this.widthOf(word, style) + size;
    doc.rect(x + (width - wordWidth) / 2, y, wordWidth, height).fill(COLOUR.hatchGround);
    doc.restore();
    this.text(word, x, y + (height - size * LINE_HEIGHT) / 2, width, { ...style, align: 'centre' });
  }

  #drawLine(line: string, x: number, baseline: number, style: Style): void {
    let at = x;
    const runs = this.#runs(line);
    for (const run of runs) {
      this.#use(run, style);
      this.doc.fillColor(style.colour ?? COLOUR.ink);
      this.doc.text(run.text, at, baseline, { ...options(style, run), lineBreak: false, baseline: 'alphabetic' });
      if (run !== runs.at(-1)) at += this.#runWidth(run, style);
    }
  }

  #runs(text: string): readonly Run[] {
    const { runs, lost } = runsOf(text, hasSign);
    this.lostSigns ||= lost;
    return runs;
  }

  #runWidth(run: Run, style: Style): number {
    this.#use(run, style);
    return this.doc.widthOfString(run.text, options(style, run));
  }

  #use(run: Run, style: Style): void {
    this.doc.font(`${run.font}-${style.weight ?? 'regular'}`).fontSize(style.size);
  }
}

/**
 * Features are always given: with them pdfkit lays out whole runs, which Arabic needs; without, word by word. Tabular figures also
 * widen the hyphen, so words and numbers with one go without. Inter's contextual alternates are off: they shape arrows and
 * colons, which reports don't have, and would take a third of a report's time.
 */
function options(style: Style, run: Run): PDFKit.Mixins.TextOptions {
  const inter = { kern: true, calt: false, tnum: !run.text.includes('-'), zero: style.id === true };
  const features = run.font === 'inter' ? inter : { kern: true };
  // pdfkit hands features on to fontkit as they are; fontkit takes a record as well as a list, which pdfkit's types don't know.
  return { features: features as unknown as PDFKit.Mixins.OpenTypeFeatures[], characterSpacing: style.tracking ?? 0 };
}
