/**
 * What a screen reads and does: `useLive` follows a stream, `useAsk` asks once, `useCommand` changes something. All of them
 * take a selector (`(client) => client.visits.watch`), come back after a lost line by themselves and speak in Problems.
 */
import type { UseQueryResult } from '@tanstack/react-query';
import { QueryClient, QueryClientProvider, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { createContext, useCallback, useContext, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import type { Problem } from '../../electron/contract/problems.ts';
import type { CallOptions } from './client.ts';
import type { Connection, ConnectionState } from './connection.ts';
import { problemOf } from './problem-of.ts';
import type { Live } from './feeds.ts';
import { Feeds, pathOf } from './feeds.ts';

type Call<Input, Output> = (input: Input, options?: CallOptions) => Promise<Output>;

export interface Command<Input, Output> {
  /** Resolves to the answer, or to null when it failed; `problem` then says why. Never rejects. */
  readonly run: (input: Input) => Promise<Output | null>;
  /** The same, for callers that must act on the problem at once. */
  readonly attempt: (input: Input) => Promise<{ readonly output: Output } | { readonly problem: Problem }>;
  readonly busy: boolean;
  readonly problem: Problem | null;
  readonly clear: () => void;
}

interface Screen<C> {
  readonly client: C;
  readonly connection: Connection;
  readonly feeds: Feeds<C>;
}

export interface ScreenHooks<C> {
  readonly ScreenProvider: (props: { client: C; connection: Connection; children: ReactNode }) => ReactNode;
  readonly useClient: () => C;
  readonly useConnection: () => ConnectionState;
  /** Follows a stream over the query cache. `enabled: false` = not now. */
  readonly useLive: <Input, T>(
    select: (client: C) => Call<Input, AsyncIterable<T>>,
    input: Input,
    options?: { readonly enabled?: boolean },
  ) => Live<T>;
  /** Each value of a fast stream, past the cache: for traces. `onGap` when the line was lost. */
  readonly useStream: <Input, T>(
    select: (client: C) => Call<Input, AsyncIterable<T>>,
    input: Input,
    onValue: (value: T) => void,
    options?: { readonly enabled?: boolean; readonly onGap?: (problem: Problem | null) => void },
  ) => void;
  readonly useAsk: <Input, T>(
    select: (client: C) => Call<Input, T>,
    input: Input,
    options?: { readonly enabled?: boolean; readonly staleTimeMs?: number },
  ) => UseQueryResult<T, Problem>;
  readonly useCommand: <Input, Output>(select: (client: C) => Call<Input, Output>) => Command<Input, Output>;
  /** Forgets everything about people: at the lock. */
  readonly useForget: () => () => void;
}

/** The hooks for one of the two clients: `staff.ts` and the check-in's own file call this once each. */
export function createScreenHooks<C>(): ScreenHooks<C> {
  const Context = createContext<Screen<C> | null>(null);

  function ScreenProvider({
    client,
    connection,
    children,
  }: {
    client: C;
    connection: Connection;
    children: ReactNode;
  }): ReactNode {
    const [queries] = useState(createQueryClient);
    const [screen] = useState<Screen<C>>(() => ({ client, connection, feeds: new Feeds(client, connection, queries) }));
    return (
      <QueryClientProvider client={queries}>
        <Context value={screen}>{children}</Context>
      </QueryClientProvider>
    );
  }

  function useScreen(): Screen<C> {
    const screen = useContext(Context);
    if (screen === null) throw new Error('No ScreenProvider around this component');
    return screen;
  }

  function useConnection(): ConnectionState {
    const { connection } = useScreen();
    return useSyncExternalStore(connection.subscribe, () => connection.state);
  }

  function useLive<Input, T>(
    select: (client: C) => Call<Input, AsyncIterable<T>>,
    input: Input,
    { enabled = true }: { readonly enabled?: boolean } = {},
  ): Live<T> {
    const { feeds } = useScreen();
    const path = pathOf(select);
    const key = JSON.stringify([path, input]);
    const latest = useRef({ select, input });
    useEffect(() => {
      latest.current = { select, input };
    });
    useEffect(
      () => (enabled ? feeds.follow(key, latest.current.select, latest.current.input) : undefined),
      [feeds, key, enabled],
    );
    const entry = useQuery<Live<T>>({
      queryKey: feeds.queryKey(key),
      enabled: false,
      queryFn: () => ({ data: undefined, problem: null, stale: true }),
    });
    return entry.data ?? { data: undefined, problem: null, stale: false };
  }

  function useStream<Input, T>(
    select: (client: C) => Call<Input, AsyncIterable<T>>,
    input: Input,
    onValue: (value: T) => void,
    { enabled = true, onGap }: { readonly enabled?: boolean; readonly onGap?: (problem: Problem | null) => void } = {},
  ): void {
    const { feeds } = useScreen();
    const key = JSON.stringify([pathOf(select), input]);
    const latest = useRef({ select, input, onValue, onGap });
    useEffect(() => {
      latest.current = { select, input, onValue, onGap };
    });
    useEffect(() => {
      if (!enabled || key === '') return undefined;
      const stop = new AbortController();
      void feeds.run(
        latest.current.select,
        latest.current.input,
        (value) => latest.current.onValue(value),
        (problem) => latest.current.onGap?.(problem),
        stop.signal,
      );
      return () => stop.abort();
    }, [feeds, key, enabled]);
  }

  function useAsk<Input, T>(
    select: (client: C) => Call<Input, T>,
    input: Input,
    { enabled = true, staleTimeMs = 0 }: { readonly enabled?: boolean; readonly staleTimeMs?: number } = {},
  ): UseQueryResult<T, Problem> {
    const { client, connection } = useScreen();
    const state = useConnection();
    const generation = state.phase === 'open' ? state.generation : 0;
    return useQuery<T, Problem>({
      queryKey: ['ask', pathOf(select), input, staleTimeMs === 0 ? generation : 0],
      enabled: enabled && state.phase === 'open',
      staleTime: staleTimeMs,
      queryFn: async ({ signal }) => {
        try {
          return await select(client)(input, { signal });
        } catch (error) {
          throw problemOf(error, connection.state.phase === 'open');
        }
      },
      placeholderData: (before) => before,
    });
  }

  function useCommand<Input, Output>(select: (client: C) => Call<Input, Output>): Command<Input, Output> {
    const { client, connection } = useScreen();
    const [state, setState] = useState<{ busy: boolean; problem: Problem | null }>({ busy: false, problem: null });
    const latest = useRef(select);
    useEffect(() => {
      latest.current = select;
    });
    const attempt = useCallback(
      async (input: Input): Promise<{ readonly output: Output } | { readonly problem: Problem }> => {
        setState({ busy: true, problem: null });
        try {
          const output = await latest.current(client)(input);
          setState({ busy: false, problem: null });
          return { output };
        } catch (error) {
          const problem = problemOf(error, connection.state.phase === 'open');
          setState({ busy: false, problem });
          return { problem };
        }
      },
      [client, connection],
    );
    const run = useCallback(
      async (input: Input): Promise<Output | null> => {
        const answer = await attempt(input);
        return 'output' in answer ? answer.output : null;
      },
      [attempt],
    );
    const clear = useCallback(() => setState({ busy: false, problem: null }), []);
    return { run, attempt, ...state, clear };
  }

  return {
    ScreenProvider,
    useClient: () => useScreen().client,
    useConnection,
    useLive,
    useStream,
    useAsk,
    useCommand,
    useForget,
  };
}

function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: { queries: { retry: false, refetchOnWindowFocus: false, gcTime: 60_000, networkMode: 'always' } },
  });
}

function useForget(): () => void {
  const queries = useQueryClient();
  return useCallback(() => {
    queries.removeQueries({ predicate: (query) => !JSON.stringify(query.queryKey).includes('station') });
  }, [queries]);
}
