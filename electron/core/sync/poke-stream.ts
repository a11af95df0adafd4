/** The stream of server-sent events that only ever says "pull", and what: its lines, and the silence after which it is given up. */
import type { CollectionName } from '../../contract/index.ts';
import { RESYNC_MESSAGE, VantageError, pokedCollection } from '../../contract/index.ts';
import { lineFailure } from './answers.ts';
import type { SyncClock } from './clock.ts';
import { linkedAbort } from './linked-abort.ts';
import { LineTimeout } from './line-timeout.ts';

/** The cloud sends a heartbeat every 20 s. */
const SILENCE_MS = 60_000;
/** A line longer than this is none of the cloud's. */
const LONGEST_LINE = 1000;

export interface PokeStreamOptions {
  readonly clock: SyncClock;
  readonly signal: AbortSignal;
  /** The client's end. */
  readonly closing: AbortSignal;
  /** @throws VantageError */
  readonly open: (signal: AbortSignal) => Promise<Response>;
  /** Something came, if only a heartbeat. */
  readonly heard: () => void;
  readonly failed: (error: VantageError) => void;
}

/** What may have changed; empty: anything. */
export type Pokes = readonly CollectionName[];

/** Several pokes that came together are one. */
export async function* readPokes(options: PokeStreamOptions): AsyncGenerator<Pokes> {
  const { clock, open, heard, failed } = options;
  const reading = linkedAbort(options.signal, options.closing);
  const { signal } = reading;
  try {
    signal.throwIfAborted();
    const response = await open(signal);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const lines = new Lines();
    const events = new Events();
    heard();
    for (;;) {
      const chunk = await withinSilence(clock, signal, reader.read());
      if (chunk.done) return;
      heard();
      const pokes = events.take(lines.take(chunk.value));
      if (pokes !== null) yield pokes;
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const failure = lineFailure(error);
    failed(failure);
    throw failure;
  } finally {
    reading.abort(new VantageError('CANCELLED', 'the stream is no longer read'));
    reading.release();
  }
}

async function withinSilence<T>(clock: SyncClock, signal: AbortSignal, reading: Promise<T>): Promise<T> {
  const timer = linkedAbort(signal);
  const silence = clock.sleep(SILENCE_MS, timer.signal).then(() => {
    throw new LineTimeout(`the stream was silent for ${SILENCE_MS} ms`);
  });
  // Whichever loses the race has been answered for.
  silence.catch(() => undefined);
  reading.catch(() => undefined);
  try {
    return await Promise.race([reading, silence]);
  } finally {
    timer.abort(null);
    timer.release();
  }
}

/** Lines in, pokes out. */
class Events {
  #about: CollectionName | null = null;

  /** @returns null where there was no poke */
  take(lines: readonly string[]): Pokes | null {
    const pokes: (CollectionName | null)[] = [];
    for (const line of lines) {
      if (line.startsWith('id: ')) this.#about = pokedCollection(line.slice(4));
      else if (line === `data: ${RESYNC_MESSAGE}`) pokes.push(this.#about);
      else if (line === '') this.#about = null;
    }
    if (pokes.length === 0) return null;
    return pokes.includes(null) ? [] : pokes.filter((about) => about !== null);
  }
}

/** Bytes in, whole lines out. */
class Lines {
  readonly #decoder = new TextDecoder();
  #rest = '';

  take(bytes: Uint8Array): string[] {
    const parts = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split(/\r\n|\n|\r/);
    this.#rest = parts.pop() ?? '';
    if (this.#rest.length > LONGEST_LINE) throw new VantageError('CLOUD_CAPTIVE', 'not the cloud’s stream');
    return parts;
  }
}
