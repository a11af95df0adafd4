/**
 * Bytes of a PATCH on their way into the store: cut into segments, sealed, stored durably, and only then counted. A segment ends when it
 * is full, when bytes have come for some seconds, or when none have come for a moment; so what was sent before a line breaks is soon
 * counted, however it breaks.
 */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { newId } from '../../../electron/contract/index.ts';
import { seal, segmentContext } from './sealing.ts';
import type { SegmentStore } from './stores/segment-store.ts';
import { StoreFullError } from './stores/segment-store.ts';
import type { Checksum } from './tus.ts';
import type { SegmentRow } from './upload-rows.ts';

export interface AppendTimes {
  /** So long without a byte, and what there is is stored. */
  readonly quietMs: number;
  /** So long after its first byte a segment is stored, full or not. Below `WRITER_ALIVE_MS`. */
  readonly segmentMs: number;
  /** So long without a byte, and the request is given up. */
  readonly idleMs: number;
}
export const APPEND_TIMES: AppendTimes = { quietMs: 1_000, segmentMs: 3_000, idleMs: 60_000 };
/** Bytes of content of a full segment: what one upload holds in memory. */
export const SEGMENT_BYTES = 4 * 1024 * 1024;

export interface AppendTarget {
  readonly tenantId: string;
  readonly fileId: string;
  readonly key: Uint8Array;
  readonly store: SegmentStore;
  readonly offset: number;
  readonly size: number;
  /** Counts segments that are durable. Called with none: still here. @returns false when another writer took over */
  readonly add: (segments: readonly SegmentRow[]) => Promise<boolean>;
  readonly times: AppendTimes;
  /** Told of bytes as they are stored. */
  readonly stored: (bytes: number) => void;
}

/**
 * `done`: the body ended. `cut`: the line broke or went quiet; what arrived was kept. `replaced`: another writer took over. `mismatch`:
 * the checksum is another. `overlong`: there was more than the upload is long; what came before is kept, without a checksum.
 */
export type Appended = 'done' | 'cut' | 'replaced' | 'mismatch' | 'overlong';

/** @throws StoreFullError, StoreUnavailableError; what was counted before stays */
export async function append(target: AppendTarget, body: Readable, checksum: Checksum | null): Promise<Appended> {
  const chunks = body.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;
  try {
    return await appendChunks(target, chunks, checksum);
  } finally {
    // What nobody wants is read away, so that who sends it gets to read the answer.
    void Promise.resolve(chunks.return?.()).then(
      () => body.resume(),
      () => {},
    );
  }
}

async function appendChunks(
  target: AppendTarget,
  chunks: AsyncIterator<Buffer>,
  checksum: Checksum | null,
): Promise<Appended> {
  const segments = new Segments(target, checksum !== null);
  const hash = checksum === null ? null : createHash(checksum.algorithm);
  let result: Appended = 'done';
  try {
    for await (const chunk of paced(chunks, segments, target.times)) {
      if (segments.end + chunk.length > target.size) {
        result = 'overlong';
        break;
      }
      hash?.update(chunk);
      await segments.take(chunk);
    }
  } catch (error) {
    if (error instanceof ReplacedError) return 'replaced';
    if (!(error instanceof CutError)) throw await segments.failed(error);
    result = 'cut';
  }
  try {
    const differs = checksum !== null && hash?.digest().equals(checksum.digest) !== true;
    if ((result === 'done' && differs) || (result === 'overlong' && checksum !== null)) {
      await segments.discard();
      return result === 'done' ? 'mismatch' : result;
    }
    await segments.store();
    await segments.count();
    return result;
  } catch (error) {
    if (error instanceof ReplacedError) return 'replaced';
    throw await segments.failed(error);
  }
}

class ReplacedError extends Error {}
class CutError extends Error {}

/** What came and is not counted yet. */
class Segments {
  readonly #target: AppendTarget;
  /** With a checksum, segments are stored as they come and counted at the end. */
  readonly #holds: boolean;
  #uncounted: SegmentRow[] = [];
  #chunks: Buffer[] = [];
  #buffered = 0;
  #begunAt = 0;
  #start: number;

  constructor(target: AppendTarget, holds: boolean) {
    this.#target = target;
    this.#holds = holds;
    this.#start = target.offset;
  }

  /** Where the next byte belongs. */
  get end(): number {
    return this.#start + this.#buffered;
  }

  /** Since when there is something in memory; null: there is nothing. */
  get begunAt(): number | null {
    return this.#buffered === 0 ? null : this.#begunAt;
  }

  async take(chunk: Buffer): Promise<void> {
    for (let rest = chunk; rest.length > 0;) {
      if (this.#buffered === 0) this.#begunAt = performance.now();
      const part = rest.subarray(0, SEGMENT_BYTES - this.#buffered);
      this.#chunks.push(part);
      this.#buffered += part.length;
      rest = rest.subarray(part.length);
      if (this.#buffered === SEGMENT_BYTES) await this.flush();
    }
  }

  /** Stores what there is, and counts it unless a checksum is waited for. */
  async flush(): Promise<void> {
    await this.store();
    if (!this.#holds) await this.count();
    else if (!(await this.#target.add([]))) await this.#replaced();
  }

  async store(): Promise<void> {
    if (this.#buffered === 0) return;
    const { tenantId, fileId, key, store, stored } = this.#target;
    const plain = Buffer.concat(this.#chunks, this.#buffered);
    const segment = { start: this.#start, length: plain.length, objectId: newId() };
    await store.put(
      { tenantId, fileId, objectId: segment.objectId },
      seal(key, segmentContext(fileId, segment.start), plain),
    );
    this.#uncounted.push(segment);
    this.#start += plain.length;
    this.#chunks = [];
    this.#buffered = 0;
    stored(plain.length);
  }

  async count(): Promise<void> {
    if (this.#uncounted.length === 0) return;
    if (!(await this.#target.add(this.#uncounted))) await this.#replaced();
    this.#uncounted = [];
  }

  async #replaced(): Promise<never> {
    await this.discard();
    throw new ReplacedError();
  }

  /**
   * Makes room again when there is none. After other failures nothing is removed: a transaction whose answer was lost may have
   * counted it.
   */
  async failed(error: unknown): Promise<unknown> {
    if (error instanceof StoreFullError) await this.discard();
    return error;
  }

  /** Removes what was stored and never counted. What cannot be removed now is when the file is finished (`keepOnly`). */
  async discard(): Promise<void> {
    const { tenantId, fileId, store } = this.#target;
    const names = this.#uncounted.map(({ objectId }) => ({ tenantId, fileId, objectId }));
    this.#uncounted = [];
    this.#chunks = [];
    this.#buffered = 0;
    if (names.length > 0) await store.remove(names).catch(() => {});
  }
}

/** Chunks as they come; in between, when the line is quiet or a segment grows old, what there is is stored. */
async function* paced(chunks: AsyncIterator<Buffer>, segments: Segments, times: AppendTimes): AsyncGenerator<Buffer> {
  let next = settled(chunks.next());
  let heardAt = performance.now();
  for (;;) {
    const dueAt =
      segments.begunAt === null ? Infinity : Math.min(heardAt + times.quietMs, segments.begunAt + times.segmentMs);
    const came = await within(next, Math.min(dueAt, heardAt + times.idleMs) - performance.now());
    if (came === 'late') {
      if (performance.now() - heardAt >= times.idleMs) throw new CutError();
      await segments.flush();
      continue;
    }
    if ('error' in came) throw new CutError('', { cause: came.error });
    if (came.value.done === true) return;
    heardAt = performance.now();
    yield came.value.value;
    next = settled(chunks.next());
  }
}

type Settled<T> = { readonly value: T } | { readonly error: unknown };

async function settled<T>(promise: Promise<T>): Promise<Settled<T>> {
  return promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
}

async function within<T>(promise: Promise<T>, ms: number): Promise<T | 'late'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), Math.max(0, Math.min(ms, 2 ** 31 - 1)));
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
