/**
 * MT-SICS, the Mettler-Toledo Standard Interface Command Set (reference manual, levels 0 and 1): ASCII lines ended by CR LF,
 * bytes <-> lines <-> commands and replies. Pure and incremental; memory is bounded; never throws on what a device sends:
 * what cannot be read comes out as `unknown` or `garbage` with its raw text.
 */

/** Commands of levels 0 and 1 that are spoken here. */
export const MT_SICS_COMMANDS = [
  '@',
  'I0',
  'I1',
  'I2',
  'I3',
  'I4',
  'S',
  'SI',
  'SIR',
  'Z',
  'ZI',
  'T',
  'TA',
  'TAC',
] as const;
export type MtSicsCommand = (typeof MT_SICS_COMMANDS)[number];

export const MT_SICS_UNITS = ['kg', 'g', 'lb'] as const;
type MtSicsUnit = (typeof MT_SICS_UNITS)[number];

/** A weight exactly as written: `digits` keeps the decimals, which tell the scale's resolution. */
export interface MtSicsWeight {
  /** Optional minus, digits, optional point and decimals; at most 10 characters (MT-SICS 2.1.2, weight value field). */
  readonly digits: string;
  readonly unit: MtSicsUnit;
}

/** Parts of a reply. `raw` is the line without its end. */
export type MtSicsReply =
  /** `S S`, `S D`, `T S`, `TA A`: a value. S, SI and SIR all answer as `S`. */
  | {
      readonly type: 'weight';
      readonly command: 'S' | 'T' | 'TA';
      readonly stable: boolean;
      readonly weight: MtSicsWeight;
      readonly raw: string;
    }
  /** `+`: above the range; `-`: below it. */
  | { readonly type: 'overload' | 'underload'; readonly command: string; readonly raw: string }
  /** `I`: understood, not executable now (busy, no stability, already at it). */
  | { readonly type: 'notExecutable'; readonly command: string; readonly raw: string }
  /** `L`: understood, parameter wrong. */
  | { readonly type: 'wrongParameter'; readonly command: string; readonly raw: string }
  /** `Z A`, `TAC A`: done. */
  | { readonly type: 'done'; readonly command: string; readonly raw: string }
  /** `ZI S` / `ZI D`: zero was set, stable or not. */
  | { readonly type: 'zeroed'; readonly stable: boolean; readonly raw: string }
  /** `I2 A "..." "..."`; I0 sends several, all but the last with `B`. Unquoted words are kept as they are. */
  | {
      readonly type: 'text';
      readonly command: 'I0' | 'I1' | 'I2' | 'I3' | 'I4';
      readonly last: boolean;
      readonly texts: readonly string[];
      readonly raw: string;
    }
  /** `ES` not understood, `ET` transmission error (parity), `EL` cannot be executed as asked. */
  | { readonly type: 'error'; readonly code: 'ES' | 'ET' | 'EL'; readonly raw: string }
  | { readonly type: 'unknown'; readonly raw: string };

/** One line, or a run of bytes that is longer than any line may be. */
export interface MtSicsLine {
  readonly type: 'line' | 'garbage';
  /** Latin-1, so that each character is one byte. At most {@link MAX_LINE_BYTES}. */
  readonly text: string;
}

/** Longer than any reply of levels 0 and 1; what is longer is not MT-SICS. */
export const MAX_LINE_BYTES = 256;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * Cuts a byte stream into lines. Holds at most {@link MAX_LINE_BYTES}. CR LF ends a line, a lone LF or CR too (converters
 * translate); empty lines are dropped. An over-long run is told once as `garbage`; its rest is skipped up to the next line end.
 */
export class MtSicsLineDecoder {
  private buffer = Buffer.alloc(MAX_LINE_BYTES);
  private length = 0;
  private skipping = false;

  /** Bytes in; whole lines out, in order. */
  push(bytes: Uint8Array): MtSicsLine[] {
    const lines: MtSicsLine[] = [];
    for (const byte of bytes) {
      if (byte === LINE_FEED || byte === CARRIAGE_RETURN) {
        if (this.length > 0) lines.push({ type: 'line', text: this.take() });
        this.skipping = false;
      } else if (!this.skipping) {
        if (this.length === MAX_LINE_BYTES) {
          lines.push({ type: 'garbage', text: this.take() });
          this.skipping = true;
        } else {
          this.buffer[this.length] = byte;
          this.length += 1;
        }
      }
    }
    return lines;
  }

  /** What has come of an unfinished line. */
  get partial(): string {
    return this.buffer.toString('latin1', 0, this.length);
  }

  private take(): string {
    const text = this.partial;
    this.length = 0;
    return text;
  }
}

/** Bytes of a command. */
export function encodeMtSicsCommand(command: MtSicsCommand): Buffer {
  return Buffer.from(`${command}\r\n`, 'latin1');
}

/** The command in a line as a scale reads it, or null (a scale answers `ES`). */
export function parseMtSicsCommand(line: string): MtSicsCommand | null {
  const word = line.trim();
  return MT_SICS_COMMANDS.find((command) => command === word) ?? null;
}

/** A reply without its raw text, as a scale means it. */
export type MtSicsReplyContent = WithoutRaw<Exclude<MtSicsReply, { readonly type: 'unknown' }>>;
type WithoutRaw<R> = R extends MtSicsReply ? Omit<R, 'raw'> : never;

/** The line of a reply, without its end. Weight values are right-aligned in ten characters (MT-SICS 2.1.2). */
export function formatMtSicsReply(reply: MtSicsReplyContent): string {
  switch (reply.type) {
    case 'weight': {
      const status = reply.command === 'TA' ? 'A' : reply.stable ? 'S' : 'D';
      return `${reply.command} ${status} ${reply.weight.digits.padStart(10)} ${reply.weight.unit}`;
    }
    case 'overload':
      return `${reply.command} +`;
    case 'underload':
      return `${reply.command} -`;
    case 'notExecutable':
      return `${reply.command} I`;
    case 'wrongParameter':
      return `${reply.command} L`;
    case 'done':
      return `${reply.command} A`;
    case 'zeroed':
      return `ZI ${reply.stable ? 'S' : 'D'}`;
    case 'text':
      return `${reply.command} ${reply.last ? 'A' : 'B'} ${reply.texts.map((text) => `"${text}"`).join(' ')}`;
    default:
      return reply.code;
  }
}

/** Bytes of a reply. */
export function encodeMtSicsReply(reply: MtSicsReplyContent): Buffer {
  return Buffer.from(`${formatMtSicsReply(reply)}\r\n`, 'latin1');
}

const WEIGHT = /^(S|T|TA) ([SDA]) +(-? ?\d{1,9}(?:\.\d{1,8})?) +(kg|g|lb)$/;
const STATUS = /^(S|T|TA|TAC|Z|ZI) ([-+ILA])$/;
const TEXT = /^(I[0-4]) ([AB]) ?(.*)$/;
const REFUSED_TEXT = /^(I[0-4]|@) ([IL])$/;

/** What a line of a scale says. Anything else is `unknown`, never an error. */
export function parseMtSicsReply(raw: string): MtSicsReply {
  const line = raw.trimEnd();
  if (line === 'ES' || line === 'ET' || line === 'EL') return { type: 'error', code: line, raw };
  return parseWeight(line, raw) ?? parseStatus(line, raw) ?? parseText(line, raw) ?? { type: 'unknown', raw };
}

function parseWeight(line: string, raw: string): MtSicsReply | null {
  const match = WEIGHT.exec(line);
  if (match === null) return null;
  const [, command, status, value = '', unit] = match;
  const tare = command === 'TA';
  if (tare !== (status === 'A') || (command === 'T' && status === 'D')) return null;
  return {
    type: 'weight',
    command: command as 'S' | 'T' | 'TA',
    stable: status !== 'D',
    weight: { digits: value.replace(' ', ''), unit: unit as MtSicsUnit },
    raw,
  };
}

function parseStatus(line: string, raw: string): MtSicsReply | null {
  if (line === 'ZI S' || line === 'ZI D') return { type: 'zeroed', stable: line === 'ZI S', raw };
  const match = STATUS.exec(line) ?? REFUSED_TEXT.exec(line);
  if (match === null) return null;
  const command = match[1] ?? '';
  switch (match[2]) {
    case '+':
      return { type: 'overload', command, raw };
    case '-':
      return { type: 'underload', command, raw };
    case 'I':
      return { type: 'notExecutable', command, raw };
    case 'L':
      return { type: 'wrongParameter', command, raw };
    default:
      return command === 'Z' || command === 'TAC' ? { type: 'done', command, raw } : null;
  }
}

function parseText(line: string, raw: string): MtSicsReply | null {
  const match = TEXT.exec(line);
  if (match === null) return null;
  const texts = [...(match[3] ?? '').matchAll(/"([^"]*)"|([^\s"]+)/g)].map((part) => part[1] ?? part[2] ?? '');
  if (texts.length === 0) return null;
  return { type: 'text', command: match[1] as 'I0', last: match[2] === 'A', texts, raw };
}

/** 1 lb = 0.45359237 kg exactly (International Yard and Pound Agreement 1959). */
const KG_PER_UNIT: Readonly<Record<MtSicsUnit, number>> = { kg: 1, g: 0.001, lb: 0.453_592_37 };

/** Kilograms, rounded to a milligram so that conversion leaves no binary dust. */
export function kilogramsOf(weight: MtSicsWeight): number {
  const kg = Number(weight.digits) * KG_PER_UNIT[weight.unit];
  // `+ 0` turns the "-0.00" of an empty plate into 0.
  return Math.round(kg * 1e6) / 1e6 + 0;
}

/** The weight of the last decimal written, in kg: `72.45 kg` -> 0.01. */
export function resolutionKgOf(weight: MtSicsWeight): number {
  const decimals = weight.digits.split('.')[1]?.length ?? 0;
  return 10 ** -decimals * KG_PER_UNIT[weight.unit];
}

/**
 * Model name and maximum capacity from the text of I2, which MT-SICS leaves free: usually `MODEL 150.000 kg` in one string, on
 * some terminals in several.
 */
export function parseModelText(texts: readonly string[]): {
  readonly model: string;
  readonly capacity: MtSicsWeight | null;
} {
  const text = texts.join(' ').trim();
  const match = /^(.*?)\s*\b(\d{1,9}(?:\.\d{1,8})?)\s*(kg|g|lb)$/.exec(text);
  if (match === null) return { model: text, capacity: null };
  return { model: (match[1] ?? '').trim(), capacity: { digits: match[2] ?? '', unit: match[3] as MtSicsUnit } };
}
