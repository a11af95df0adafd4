/**
 * Whether the log beside the file (`clinic.db-wal`) is whole, told without SQLite, without the key and before anything is changed. SQLite
 * reads a log up to its first bad checksum, takes that for its end, and folds what it read into the file when it closes it: what lies
 * behind, each change of it acknowledged, would be gone without a word.
 *
 * The format (SQLite, Database File Format, section 4): 32 bytes of header, then frames of 24 bytes and a page. A frame belongs to this log
 * if it has the header's salts; what lies behind the end has older ones. Checksums run from the header through all frames, over the
 * encrypted bytes: behind a damaged frame they can be taken up again from the checksum that stands in it.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { PAGE_BYTES } from './cipher-pages.ts';
import { codeOf } from './store-problem.ts';

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const FRAME_BYTES = FRAME_HEADER_BYTES + PAGE_BYTES;
/** The last bit says in which order the words of checksums are read. */
const MAGIC = 0x377f0682;
const FORMAT = 3_007_000;
const PIECE_FRAMES = 256;

export interface LogState {
  /** Frames of this log, damaged ones too; 0 where there is none. */
  readonly frames: number;
  /** The first frame, from 1, that SQLite does not use though it was written; null: there is none. */
  readonly damagedFrom: number | null;
  /**
   * Whether what is damaged had been durable: something was written behind a change that ends in it. Without that, it may as well be the
   * end of a change that a power cut came between; only the anchor can tell.
   */
  readonly isCertain: boolean;
  /** Of this log, hex. */
  readonly salts: string;
}

export const NO_LOG: LogState = { frames: 0, damagedFrom: null, isCertain: false, salts: '' };

type Sum = readonly [number, number];

interface Frame {
  readonly hasSalts: boolean;
  /** Whether its checksum follows from what is before it. */
  readonly follows: boolean;
  readonly isCommit: boolean;
}

/** Reads the whole log. @param path of the log. @throws Error of the file system */
export function readLog(path: string): LogState {
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return NO_LOG;
    throw error;
  }
  try {
    return judged(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function judged(descriptor: number): LogState {
  const count = Math.floor((fstatSync(descriptor).size - HEADER_BYTES) / FRAME_BYTES);
  if (count < 1) return NO_LOG;
  const header = read(descriptor, HEADER_BYTES, 0);
  const isBigEndian = (header.readUInt32BE(0) & 1) === 1;
  const stored: Sum = [header.readUInt32BE(24), header.readUInt32BE(28)];
  const isHeaderWhole =
    (header.readUInt32BE(0) & ~1) >>> 0 === MAGIC &&
    header.readUInt32BE(4) === FORMAT &&
    header.readUInt32BE(8) === PAGE_BYTES &&
    isSame(checksum(header.subarray(0, 24), [0, 0], isBigEndian), stored);
  const own = header.subarray(16, 24);
  const salts = isHeaderWhole ? own : commonSalts([own, ...[0, 1, 2].map((index) => saltsOfFrame(descriptor, index))]);

  let state: { end: number; damagedFrom: number | null; isCertain: boolean } = {
    end: 0,
    damagedFrom: isHeaderWhole ? null : 1,
    isCertain: false,
  };
  let isPromised = false;
  let whole = 0;
  for (const [index, frame] of framesOf(descriptor, count, salts, stored, isBigEndian)) {
    if (!frame.hasSalts && !(frame.follows && index === state.end)) continue;
    // Something of this log, behind a change that was to be durable before it and is not read.
    state = { ...state, end: index + 1, isCertain: state.isCertain || isPromised };
    const isRead = frame.hasSalts && frame.follows && state.damagedFrom === null && index === whole;
    if (isRead) whole += 1;
    else state.damagedFrom ??= whole + 1;
    isPromised ||= !isRead && frame.isCommit;
    // A header is durable before the first frame is written.
    if (!isHeaderWhole && frame.follows) state.isCertain = true;
  }
  if (state.end === 0) return NO_LOG;
  return {
    frames: state.end,
    damagedFrom: state.damagedFrom,
    isCertain: state.isCertain,
    salts: salts.toString('hex'),
  };
}

function* framesOf(
  descriptor: number,
  count: number,
  salts: Buffer,
  start: Sum,
  isBigEndian: boolean,
): Generator<readonly [index: number, frame: Frame]> {
  let before: Sum = start;
  /** Of the frame before, from its bytes instead of from what it says: another where that is what is damaged. */
  let computed: Sum = start;
  for (let from = 0; from < count; from += PIECE_FRAMES) {
    const length = Math.min(PIECE_FRAMES, count - from) * FRAME_BYTES;
    const piece = read(descriptor, length, HEADER_BYTES + from * FRAME_BYTES);
    for (let offset = 0; offset < length; offset += FRAME_BYTES) {
      const frame = piece.subarray(offset, offset + FRAME_BYTES);
      const stored: Sum = [frame.readUInt32BE(16), frame.readUInt32BE(20)];
      const sumFrom = (sum: Sum): Sum =>
        checksum(frame.subarray(FRAME_HEADER_BYTES), checksum(frame.subarray(0, 8), sum, isBigEndian), isBigEndian);
      const own = sumFrom(before);
      const follows = isSame(own, stored) || (!isSame(before, computed) && isSame(sumFrom(computed), stored));
      yield [
        from + offset / FRAME_BYTES,
        { hasSalts: frame.subarray(8, 16).equals(salts), follows, isCommit: frame.readUInt32BE(4) > 0 },
      ];
      before = stored;
      computed = own;
    }
  }
}

/** A header that is damaged is out-voted by the first frames. */
function commonSalts(candidates: readonly Buffer[]): Buffer {
  const written = candidates.filter((salts) => salts.some((byte) => byte !== 0));
  const votes = (salts: Buffer): number => written.filter((other) => other.equals(salts)).length;
  return written.reduce((best, salts) => (votes(salts) > votes(best) ? salts : best), written[0] ?? Buffer.alloc(8));
}

function saltsOfFrame(descriptor: number, index: number): Buffer {
  return read(descriptor, 8, HEADER_BYTES + index * FRAME_BYTES + 8);
}

/** SQLite's: two sums over pairs of 32-bit words. */
function checksum(bytes: Uint8Array, [from0, from1]: Sum, isBigEndian: boolean): Sum {
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let sum0 = from0;
  let sum1 = from1;
  for (let at = 0; at < bytes.byteLength; at += 8) {
    sum0 = (sum0 + words.getUint32(at, !isBigEndian) + sum1) >>> 0;
    sum1 = (sum1 + words.getUint32(at + 4, !isBigEndian) + sum0) >>> 0;
  }
  return [sum0, sum1];
}

function isSame(left: Sum, right: Sum): boolean {
  return left[0] === right[0] && left[1] === right[1];
}

function read(descriptor: number, length: number, at: number): Buffer {
  const bytes = Buffer.alloc(length);
  readSync(descriptor, bytes, 0, length, at);
  return bytes;
}
