/**
 * What serial and TCP transports share: a bounded queue between the library's events and one reader, and the way a stream
 * ends exactly once. Back-pressure instead of loss: past the limit the source is paused, so memory stays bounded even when
 * nobody reads.
 */
import { type CloseCause, TransportError } from './transport.ts';

/** Bytes waiting for the reader before the source is paused. */
const PAUSE_ABOVE_BYTES = 256 * 1024;
/** Bytes handed to the operating system and not yet accepted, before `write` refuses. */
const MAX_UNWRITTEN_BYTES = 1024 * 1024;
/** The promise of {@link Transport.close}. */
const CLOSE_LIMIT_MS = 1000;

export interface ByteSource {
  pause(): void;
  resume(): void;
}

/** One stream's reading side and its end. */
export class ByteStream {
  readonly closed: Promise<CloseCause>;
  readonly chunks: AsyncIterable<Uint8Array>;
  private readonly address: string;
  private source: ByteSource | null = null;
  private queue: Uint8Array[] = [];
  private queuedBytes = 0;
  private unwrittenBytes = 0;
  private paused = false;
  private wake: (() => void) | null = null;
  private cause: CloseCause | null = null;
  private settle: (cause: CloseCause) => void = () => {};
  private readonly pendingWrites = new Set<(error: TransportError) => void>();

  constructor(address: string) {
    this.address = address;
    this.closed = new Promise((resolve) => {
      this.settle = resolve;
    });
    const read = (): AsyncGenerator<Uint8Array, void, undefined> => this.read();
    this.chunks = { [Symbol.asyncIterator]: read };
  }

  get ended(): CloseCause | null {
    return this.cause;
  }

  /** Connects the queue to its source; only then can back-pressure work. */
  attach(source: ByteSource): void {
    this.source = source;
  }

  /** Takes what arrived. Bytes after the end are dropped. */
  push(bytes: Uint8Array): void {
    if (this.cause !== null || bytes.length === 0) return;
    this.queue.push(bytes);
    this.queuedBytes += bytes.length;
    if (this.queuedBytes > PAUSE_ABOVE_BYTES && !this.paused) {
      this.paused = true;
      this.source?.pause();
    }
    this.wake?.();
  }

  /** Rejects when the stream ends; for racing against an `open`. */
  async endedWhileOpening(): Promise<never> {
    await this.closed;
    throw new TransportError('ABORTED', `${this.address} was closed while opening`);
  }

  /** Ends the stream; the first cause counts. What had arrived before can still be read, unless we closed it ourselves. */
  end(cause: CloseCause): void {
    if (this.cause !== null) return;
    this.cause = cause;
    if (cause.kind === 'closed') this.queue = [];
    const error = endedError(this.address, cause);
    for (const reject of this.pendingWrites) reject(error);
    this.pendingWrites.clear();
    this.wake?.();
    this.settle(cause);
  }

  /**
   * Runs one write of the library. Resolves when its callback came; rejects when the stream ends first, since some libraries
   * never call back after an unplug.
   */
  write(bytes: Uint8Array, start: (done: (error?: Error | null) => void) => void): Promise<void> {
    if (this.cause !== null) return Promise.reject(endedError(this.address, this.cause));
    if (this.unwrittenBytes + bytes.length > MAX_UNWRITTEN_BYTES) {
      return Promise.reject(new TransportError('BUSY', `${this.address} takes no more bytes`));
    }
    this.unwrittenBytes += bytes.length;
    return new Promise<void>((resolve, reject) => {
      this.pendingWrites.add(reject);
      start((error) => {
        this.unwrittenBytes -= bytes.length;
        this.pendingWrites.delete(reject);
        if (error) reject(new TransportError('LOST', `${this.address}: ${error.message}`, { cause: error }));
        else resolve();
      });
    });
  }

  private async *read(): AsyncGenerator<Uint8Array, void, undefined> {
    while (true) {
      const chunk = this.queue.shift();
      if (chunk !== undefined) {
        this.queuedBytes -= chunk.length;
        if (this.paused && this.queuedBytes <= PAUSE_ABOVE_BYTES / 2) {
          this.paused = false;
          this.source?.resume();
        }
        yield chunk;
        continue;
      }
      if (this.cause !== null) return;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
      this.wake = null;
    }
  }
}

/** The error of using a transport that has ended. */
function endedError(address: string, cause: CloseCause): TransportError {
  const detail = cause.kind === 'closed' ? 'was closed' : `ended: ${cause.detail}`;
  return new TransportError('LOST', `${address} ${detail}`);
}

/** The error of an `open` that was given up: TIMEOUT when the signal's reason says so (`AbortSignal.timeout`), else ABORTED. */
export function abortedError(address: string, signal: AbortSignal): TransportError {
  const timedOut = signal.reason instanceof Error && signal.reason.name === 'TimeoutError';
  return new TransportError(
    timedOut ? 'TIMEOUT' : 'ABORTED',
    `${address} was not opened: ${timedOut ? 'no answer in time' : 'given up'}`,
  );
}

/** Resolves with the promise or after {@link CLOSE_LIMIT_MS}, whichever is first. */
export async function withinCloseLimit(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSE_LIMIT_MS - 100);
  });
  await Promise.race([work.catch(() => {}), limit]);
  clearTimeout(timer);
}
