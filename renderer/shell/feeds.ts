/** Streams that outlive a lost line: one subscription per stream and input, shared by all who look, re-opened by itself. */
import type { QueryClient } from '@tanstack/react-query';
import type { Problem } from '../../electron/contract/problems.ts';
import type { CallOptions } from './client.ts';
import type { Connection } from './connection.ts';
import { problemOf } from './problem-of.ts';

export interface Live<T> {
  /** The newest value; the last known one while `stale`. */
  readonly data: T | undefined;
  readonly problem: Problem | null;
  /** The line is down: what is shown is the last known state. */
  readonly stale: boolean;
}

type Call<Input, Output> = (input: Input, options?: CallOptions) => Promise<Output>;
type Select<C, Input, T> = (client: C) => Call<Input, AsyncIterable<T>>;

/** After these the stream is asked for again; any other problem is an answer. */
const PASSING = new Set<Problem['code']>(['CONNECTION_LOST', 'CORE_RESTARTED', 'INTERNAL']);
const FIRST_WAIT_MS = 300;
const LONGEST_WAIT_MS = 5000;

interface Feed {
  followers: number;
  readonly stop: AbortController;
}

export class Feeds<C> {
  readonly #client: C;
  readonly #connection: Connection;
  readonly #queries: QueryClient;
  readonly #feeds = new Map<string, Feed>();

  constructor(client: C, connection: Connection, queries: QueryClient) {
    this.#client = client;
    this.#connection = connection;
    this.#queries = queries;
  }

  queryKey(key: string): readonly string[] {
    return ['live', key];
  }

  /** Joins the stream; the returned function leaves it. The last one to leave ends it. */
  follow<Input, T>(key: string, select: Select<C, Input, T>, input: Input): () => void {
    const known = this.#feeds.get(key);
    const feed = known ?? { followers: 0, stop: new AbortController() };
    feed.followers += 1;
    if (known === undefined) {
      this.#feeds.set(key, feed);
      const queryKey = this.queryKey(key);
      const write = (change: Partial<Live<T>>): void => {
        this.#queries.setQueryData<Live<T>>(queryKey, (before) => ({
          data: before?.data,
          problem: null,
          stale: false,
          ...change,
        }));
      };
      void this.run(
        select,
        input,
        (data) => write({ data }),
        (problem) => write(problem !== null && !PASSING.has(problem.code) ? { problem } : { stale: true }),
        feed.stop.signal,
      );
    }
    return () => {
      feed.followers -= 1;
      if (feed.followers > 0) return;
      feed.stop.abort();
      if (this.#feeds.get(key) === feed) this.#feeds.delete(key);
    };
  }

  /** Runs a stream until aborted or refused for good. `onGap` is told why it was interrupted. */
  async run<Input, T>(
    select: Select<C, Input, T>,
    input: Input,
    onValue: (value: T) => void,
    onGap: (problem: Problem | null) => void,
    signal: AbortSignal,
  ): Promise<void> {
    let waitMs = FIRST_WAIT_MS;
    try {
      for (;;) {
        const generation = await this.#connection.opening(0, signal);
        const problem = await this.#once(
          select,
          input,
          (value) => {
            waitMs = FIRST_WAIT_MS;
            onValue(value);
          },
          signal,
        );
        if (signal.aborted) return;
        onGap(problem);
        if (problem !== null && !PASSING.has(problem.code)) return;
        const { state } = this.#connection;
        if (state.phase === 'open' && state.generation === generation) {
          await new Promise((resolve) => setTimeout(resolve, waitMs));
          waitMs = Math.min(LONGEST_WAIT_MS, waitMs * 2);
        }
      }
    } catch (error) {
      if (!signal.aborted) onGap(problemOf(error));
    }
  }

  async #once<Input, T>(
    select: Select<C, Input, T>,
    input: Input,
    onValue: (value: T) => void,
    signal: AbortSignal,
  ): Promise<Problem | null> {
    try {
      for await (const value of await select(this.#client)(input, { signal })) {
        if (signal.aborted) return null;
        onValue(value);
      }
      return null;
    } catch (error) {
      return problemOf(error, this.#connection.state.phase === 'open');
    }
  }
}

/** The path that a selector takes, e.g. `visits.watch`: the stable name of a procedure. */
export function pathOf(select: (client: never) => unknown): string {
  const names: string[] = [];
  const recorder: unknown = new Proxy(
    {},
    {
      get: (_target, name) => {
        names.push(String(name));
        return recorder;
      },
    },
  );
  select(recorder as never);
  return names.join('.');
}
