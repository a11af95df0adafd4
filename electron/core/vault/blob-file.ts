/**
 * Encrypted files as the processes use them: a sink to write one, whole reads, reads by range, a stream. Works from a grant
 * alone (path and key of one blob), so the devices and inference processes need nothing else of the vault.
 */
import { createHash } from 'node:crypto';
import { open, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { VantageError } from '../../contract/index.ts';
import type { CaptureSink } from '../../../native/driver/driver.ts';
import type { ReadGrant } from '../../../native/inference/inference-api.ts';
import type { WriteGrant } from '../../../native/supervisor/devices-api.ts';
import { codeOf } from '../store/store-problem.ts';
import {
  CHUNK_BYTES,
  HEADER_BYTES,
  SEALED_CHUNK_BYTES,
  chunkPosition,
  damaged,
  fileKeyOf,
  newFileKey,
  openChunk,
  sealChunk,
  shapeOf,
} from './blob-format.ts';
import type { FileKey } from './blob-format.ts';
import { asDiskProblem } from './disk-problem.ts';

/** How much is encrypted in one go before the event loop gets its turn, and how much a read takes at a time. */
const BATCH_CHUNKS = 16;

/**
 * Opens a granted file for writing. One grant, one file: it must not exist yet. At most two batches (2 MiB) are held; a batch
 * is encrypted while the one before it is written. Call one method at a time.
 * After `finish` the file is durable and `abort` does nothing: what was reported as stored is no longer the writer's to take back.
 * @throws VantageError DISK_FULL, DISK_FAILED; the same from every method of the sink.
 */
export async function createBlobWriter(grant: WriteGrant): Promise<CaptureSink> {
  const file = newFileKey(grant.key);
  const handle = await open(grant.path, 'wx', 0o600).catch((error: unknown) => {
    throw asDiskProblem(error);
  });
  return new BlobWriter(grant.path, handle, file);
}

class BlobWriter implements CaptureSink {
  private readonly path: string;
  private readonly handle: FileHandle;
  private readonly file: FileKey;
  private readonly hash = createHash('sha256');
  /** The chunk being filled. A full one waits: whether it is the last is only known when more comes or nothing does. */
  private readonly tail = Buffer.allocUnsafe(CHUNK_BYTES);
  private tailBytes = 0;
  private batch: Uint8Array[];
  private batchChunks = 0;
  private inFlight: Promise<void> = Promise.resolve();
  private nextIndex = 0;
  private size = 0;
  private state: 'open' | 'finished' | 'aborted' = 'open';
  private failure: VantageError | null = null;

  constructor(path: string, handle: FileHandle, file: FileKey) {
    this.path = path;
    this.handle = handle;
    this.file = file;
    this.batch = [file.header];
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.mustBeOpen();
    for (let at = 0; at < chunk.length;) {
      if (this.tailBytes === CHUNK_BYTES) this.sealTail(false);
      const left = chunk.length - at;
      if (this.tailBytes === 0 && left > CHUNK_BYTES) {
        // Straight from the caller's bytes, without a copy; they are encrypted before this returns.
        this.seal(chunk.subarray(at, at + CHUNK_BYTES), false);
        at += CHUNK_BYTES;
      } else {
        const taken = Math.min(left, CHUNK_BYTES - this.tailBytes);
        this.tail.set(chunk.subarray(at, at + taken), this.tailBytes);
        this.tailBytes += taken;
        at += taken;
      }
      if (this.batchChunks >= BATCH_CHUNKS) await this.flush();
    }
  }

  async finish(): Promise<{ readonly sha256: string; readonly size: number }> {
    this.mustBeOpen();
    this.sealTail(true);
    await this.flush();
    await this.inFlight;
    this.throwFailure();
    try {
      await this.handle.sync();
      await this.handle.close();
    } catch (error) {
      this.failure = asDiskProblem(error);
      throw this.failure;
    }
    this.state = 'finished';
    return { sha256: this.hash.digest('hex'), size: this.size };
  }

  async abort(): Promise<void> {
    if (this.state !== 'open') return;
    this.state = 'aborted';
    await this.inFlight;
    await this.handle.close().catch(() => undefined);
    // Already gone is what was wanted, and whatever the disk refuses is left to the vault's sweep: abort never throws.
    await unlink(this.path).catch(() => undefined);
  }

  private seal(plain: Uint8Array, last: boolean): void {
    this.hash.update(plain);
    this.size += plain.length;
    this.batch.push(...sealChunk(this.file, this.nextIndex, last, plain));
    this.nextIndex += 1;
    this.batchChunks += 1;
  }

  private sealTail(last: boolean): void {
    this.seal(this.tail.subarray(0, this.tailBytes), last);
    this.tailBytes = 0;
  }

  /** Waits for the batch before, then starts writing this one. */
  private async flush(): Promise<void> {
    await this.inFlight;
    this.throwFailure();
    const { batch } = this;
    this.batch = [];
    this.batchChunks = 0;
    this.inFlight = writeAll(this.handle, batch).catch((error: unknown) => {
      this.failure = asDiskProblem(error);
    });
  }

  private mustBeOpen(): void {
    this.throwFailure();
    if (this.state !== 'open') throw new VantageError('INTERNAL', `the blob is already ${this.state}`);
  }

  private throwFailure(): void {
    if (this.failure) throw this.failure;
  }
}

/** An open blob. Positions and lengths are of its content, not of the encrypted file. */
export interface BlobReader {
  readonly size: number;
  /** Content from `start` up to, not including, `end`; both within the size. @throws BLOB_DAMAGED, DISK_FAILED. */
  read(start: number, end: number): Promise<Buffer>;
  close(): Promise<void>;
}

/**
 * Opens a granted file for reading. Its last chunk is authenticated at once, so a file that was cut or grown anywhere is found
 * out before the first byte is handed on.
 * @throws VantageError BLOB_DAMAGED (also when it is missing), DISK_FAILED, KEY_WRONG for a malformed key.
 */
export async function openBlob(grant: ReadGrant): Promise<BlobReader> {
  const handle = await open(grant.path, 'r').catch((error: unknown) => {
    throw readProblem(error);
  });
  try {
    const { size: fileBytes } = await handle.stat();
    const { chunks, size } = shapeOf(fileBytes);
    const file = fileKeyOf(grant.key, await readExactly(handle, 0, HEADER_BYTES));
    const readChunks = async (first: number, count: number): Promise<Buffer[]> => {
      const from = chunkPosition(first);
      const sealed = await readExactly(handle, from, Math.min(fileBytes, chunkPosition(first + count)) - from);
      return Array.from({ length: count }, (_, step) =>
        openChunk(
          file,
          first + step,
          first + step === chunks - 1,
          sealed.subarray(step * SEALED_CHUNK_BYTES, (step + 1) * SEALED_CHUNK_BYTES),
        ),
      );
    };
    await readChunks(chunks - 1, 1);
    return {
      size,
      async read(start, end) {
        if (!(start >= 0 && start <= end && end <= size)) throw new RangeError(`no bytes ${start}-${end} in ${size}`);
        const content = Buffer.allocUnsafe(end - start);
        let at = start;
        while (at < end) {
          const first = Math.floor(at / CHUNK_BYTES);
          const lastNeeded = Math.floor((end - 1) / CHUNK_BYTES);
          for (const chunk of await readChunks(first, Math.min(BATCH_CHUNKS, lastNeeded - first + 1))) {
            const within = at % CHUNK_BYTES;
            const taken = Math.min(chunk.length - within, end - at);
            chunk.copy(content, at - start, within, within + taken);
            at += taken;
          }
        }
        return content;
      },
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw readProblem(error);
  }
}

/** Reads a granted blob completely. @throws VantageError BLOB_DAMAGED (cut, changed, missing), DISK_FAILED. */
export async function readBlob(grant: ReadGrant): Promise<Uint8Array> {
  const reader = await openBlob(grant);
  try {
    return await reader.read(0, reader.size);
  } finally {
    await reader.close();
  }
}

/**
 * Streams a granted blob, or the range `start` to `end` of it (both inclusive, as in `fs.createReadStream` and HTTP ranges;
 * `end` beyond the content means up to its end). Holds about 1 MiB, whatever the size. Errors as {@link readBlob}; bytes that came before one are right.
 */
export function createBlobReadStream(
  grant: ReadGrant,
  range: { readonly start?: number | undefined; readonly end?: number | undefined } = {},
): Readable {
  return Readable.from(pieces(grant, range.start ?? 0, range.end ?? Infinity), { objectMode: false });
}

/** Content in pieces of at most 1 MiB, cut at batch boundaries. */
export async function* pieces(grant: ReadGrant, start = 0, lastByte = Infinity): AsyncGenerator<Buffer, void> {
  const reader = await openBlob(grant);
  try {
    const stop = Math.min(lastByte + 1, reader.size);
    const batchBytes = BATCH_CHUNKS * CHUNK_BYTES;
    for (let at = start; at < stop;) {
      const next = Math.min(stop, (Math.floor(at / batchBytes) + 1) * batchBytes);
      yield await reader.read(at, next);
      at = next;
    }
  } finally {
    await reader.close();
  }
}

/** Gathers without copying; goes on after a short write, which is how a disk that is filling up begins to say so. */
async function writeAll(handle: FileHandle, parts: readonly Uint8Array[]): Promise<void> {
  let { bytesWritten } = await handle.writev(parts);
  for (const part of parts) {
    if (bytesWritten >= part.length) {
      bytesWritten -= part.length;
      continue;
    }
    await handle.appendFile(part.subarray(bytesWritten));
    bytesWritten = 0;
  }
}

async function readExactly(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  for (let filled = 0; filled < length;) {
    const { bytesRead } = await handle
      .read(bytes, filled, length - filled, position + filled)
      .catch((error: unknown) => {
        throw readProblem(error);
      });
    if (bytesRead === 0) throw damaged('shorter than when it was opened');
    filled += bytesRead;
  }
  return bytes;
}

/** A file that is not there is a damaged blob; one that the disk cannot read is a failing disk. */
function readProblem(error: unknown): VantageError {
  return codeOf(error) === 'ENOENT' ? damaged('missing', error) : asDiskProblem(error);
}
