/** Sends one file, part by part, from wherever the cloud stands. Holds one part in memory, whatever the size of the file. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { VantageError } from '../../../contract/index.ts';
import type { BlobReader } from '../../vault/blob-file.ts';
import type { SyncClock } from '../clock.ts';
import { NOT_BEGUN, append, create, positionOf } from './tus.ts';
import type { Position, Refusal, TusOptions } from './tus.ts';

/** The most that a cut line can make us send again. */
export const PART_BYTES = 2 * 1024 * 1024;
const LEAST_PART_BYTES = 64 * 1024;
/** Of a line that nothing is known of. */
const FIRST_PART_BYTES = 256 * 1024;
/** A part on its way holds up what is more urgent for about so long. */
const PART_MS = 2000;
/** What is read at a time, so that others have their turn. */
const READ_BYTES = 256 * 1024;
const ANSWER_MS = 20_000;
/** Slower than this, a line is not waited for: bytes per ms. */
const SLOWEST = 8;
/** What is refused so often in a row is not so by chance: it waits before it is tried again. */
const REFUSALS_IN_A_ROW = 4;

/** What the line was seen to carry: parts grow as long as they go fast, and shrink at once when they do not. */
export class PartSize {
  readonly #clock: SyncClock;
  #bytes = FIRST_PART_BYTES;

  constructor(clock: SyncClock) {
    this.#clock = clock;
  }

  /** @param limit bytes per second; null: none. */
  next(limit: number | null): number {
    const paced = limit === null ? this.#bytes : Math.min(this.#bytes, (limit * PART_MS) / 1000);
    return Math.max(LEAST_PART_BYTES, Math.floor(paced / LEAST_PART_BYTES) * LEAST_PART_BYTES);
  }

  /** @param run one request that carries so many bytes. */
  async measure<T>(bytes: number, run: () => Promise<T>): Promise<T> {
    const before = this.#clock.monotonic();
    try {
      const result = await run();
      const tookMs = this.#clock.monotonic() - before;
      if (tookMs > PART_MS) this.#bytes = Math.max(LEAST_PART_BYTES, this.#bytes / 2);
      else if (bytes >= this.#bytes && tookMs * 2 < PART_MS) this.#bytes = Math.min(PART_BYTES, this.#bytes * 2);
      return result;
    } catch (error) {
      this.#bytes = Math.max(LEAST_PART_BYTES, this.#bytes / 2);
      throw error;
    }
  }

  readonly timeoutMs = (bytes: number): number => ANSWER_MS + bytes / SLOWEST;
}

export interface SendFileOptions {
  readonly tus: Omit<TusOptions, 'timeoutMs'>;
  readonly parts: PartSize;
  readonly file: { readonly sha256: string; readonly size: number; readonly mediaType: string };
  readonly reader: BlobReader;
  /** Where it stands, as the cloud said. */
  readonly from: Position;
  /** Bytes per second; null: none. */
  readonly limit: () => number | null;
  /** Asked before each part: waits for its turn. @returns false: something else goes first. */
  readonly mayGoOn: (bytes: number) => Promise<boolean>;
  /** After each answer; what it throws ends the sending. @param acknowledged bytes that came to be durable by it. */
  readonly reached: (position: Position, acknowledged: number) => Promise<void>;
}

/**
 * @returns whether every byte is in the cloud; false: `mayGoOn` said no.
 * @throws VantageError BLOB_DAMAGED, DISK_FAILED from the vault; FILE_TOO_LARGE, CLOUD_FULL, and what the line throws. Where it
 * stands is then only known to the cloud.
 */
export async function sendFile(options: SendFileOptions): Promise<boolean> {
  const { file, reader, parts, limit, mayGoOn, reached } = options;
  const tus: TusOptions = { ...options.tus, timeoutMs: parts.timeoutMs };
  let at = options.from;
  let refusals = 0;
  while (at.uploadId === null || at.offset < file.size) {
    const { uploadId, offset } = at;
    const length = Math.min(parts.next(limit()), file.size - offset);
    if (!(await mayGoOn(length))) return false;
    const bytes = await readPart(reader, offset, offset + length);
    const answer = await parts.measure(length, () =>
      uploadId === null ? create(tus, file, bytes) : append(tus, { uploadId, offset }, bytes),
    );
    if (typeof answer === 'string') {
      refusals += 1;
      if (refusals === REFUSALS_IN_A_ROW) throw new VantageError('CLOUD_UNAVAILABLE', `an upload is ${answer}`);
      at = await afterRefusal(tus, at, answer, file.size);
      await reached(at, 0);
    } else {
      refusals = 0;
      at = answer;
      await reached(at, Math.max(0, at.offset - offset));
    }
  }
  return true;
}

async function afterRefusal(tus: TusOptions, at: Position, refusal: Refusal, size: number): Promise<Position> {
  if (refusal === 'gone' || at.uploadId === null) return NOT_BEGUN;
  if (refusal === 'garbled') return at;
  const position = await positionOf(tus, at.uploadId, size);
  return typeof position === 'string' ? NOT_BEGUN : position;
}

async function readPart(reader: BlobReader, start: number, end: number): Promise<Uint8Array> {
  if (end - start <= READ_BYTES) return reader.read(start, end);
  const bytes = Buffer.allocUnsafe(end - start);
  for (let at = start; at < end; at += READ_BYTES) {
    (await reader.read(at, Math.min(end, at + READ_BYTES))).copy(bytes, at - start);
    await nextTurn();
  }
  return bytes;
}
