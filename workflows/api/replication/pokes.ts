/**
 * Tells stations that something may have changed. PostgreSQL says so after each commit (`LISTEN`), on a connection of its own;
 * whenever that connection was away, everybody is told, since something may have been missed.
 */
import { Client } from 'pg';
import type { Logger } from 'pino';

const CHANNEL = 'vantage_documents';
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 10_000;

/** What was written at a location. */
export interface Written {
  readonly collection: string;
  /** Up to which place in the tenant's order. */
  readonly seq: number;
  /** Who wrote it and has it as it is; null: nobody. */
  readonly writer: string | null;
}

/** Told what was written, or null where it may have been anything. */
type Listener = (written: Written | null) => void;

export class Pokes {
  readonly #url: string;
  readonly #log: Logger;
  /** By `<tenant>:<location>`. */
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #stopped = new AbortController();
  #client: Client | null = null;
  #listening: Promise<void> = Promise.resolve();

  constructor(url: string, log: Logger) {
    this.#url = url;
    this.#log = log;
  }

  start(): void {
    this.#listening = this.#keepListening();
  }

  /** Whether changes are heard of at once. While they are not, stations still pull on their own schedule. */
  get connected(): boolean {
    return this.#client !== null;
  }

  /** @returns how to stop listening */
  subscribe(tenantId: string, locationId: string, listener: Listener): () => void {
    const key = `${tenantId}:${locationId}`;
    const set = this.#listeners.get(key) ?? new Set();
    this.#listeners.set(key, set.add(listener));
    return () => {
      set.delete(listener);
      if (set.size === 0 && this.#listeners.get(key) === set) this.#listeners.delete(key);
    };
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#listening;
  }

  async #keepListening(): Promise<void> {
    const { signal } = this.#stopped;
    for (let waitMs = FIRST_RETRY_MS; !signal.aborted; waitMs = Math.min(waitMs * 2, LONGEST_RETRY_MS)) {
      const client = new Client({ connectionString: this.#url, application_name: 'vantage-pokes', keepAlive: true });
      const gone = new Promise<void>((resolve) => {
        // More than one may come of a connection that breaks.
        client.on('error', () => resolve());
        client.once('end', resolve);
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
      try {
        await client.connect();
        client.on('notification', ({ payload }) => {
          const [key = '', collection, seq, writer] = (payload ?? '').split(' ');
          const isWhole = collection !== undefined && seq !== undefined && writer !== undefined;
          this.#tell(key, isWhole ? { collection, seq: Number(seq), writer: writer === '-' ? null : writer } : null);
        });
        await client.query(`LISTEN ${CHANNEL}`);
        this.#client = client;
        waitMs = FIRST_RETRY_MS;
        for (const key of this.#listeners.keys()) this.#tell(key, null);
        await gone;
      } catch (error) {
        this.#log.warn({ err: error }, 'changes are not heard of');
      }
      this.#client = null;
      await client.end().catch((error: unknown) => this.#log.debug({ err: error }, 'the connection was gone already'));
      await pause(waitMs, signal);
    }
  }

  #tell(key: string, written: Written | null): void {
    for (const listener of this.#listeners.get(key) ?? []) listener(written);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
