import type { ClientContext, ClientLink } from '@orpc/client';
import { QueryClient } from '@tanstack/react-query';
import { describe, expect, it } from 'vitest';
import { VantageError } from '../../electron/contract/problems.ts';
import { Connection } from './connection.ts';
import type { Live } from './feeds.ts';
import { Feeds, pathOf } from './feeds.ts';
import { problemHere } from './problem-of.ts';

const link: ClientLink<ClientContext> = { call: () => Promise.reject(new Error('unused')) };

interface Client {
  readonly day: { readonly watch: (input: undefined) => Promise<AsyncIterable<number>> };
}

/** Resolves when the query cache holds what is asked for. */
function seen(queries: QueryClient, key: readonly string[], test: (live: Live<number>) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      const live = queries.getQueryData<Live<number>>(key);
      if (live === undefined || !test(live)) return;
      stop();
      resolve();
    };
    const stop = queries.getQueryCache().subscribe(look);
    look();
  });
}

describe('streams', () => {
  it('come back by themselves at the next line, the last value stale meanwhile', async () => {
    const connection = new Connection();
    const queries = new QueryClient();
    let opened = 0;
    const breaks: (() => void)[] = [];
    const client: Client = {
      day: {
        watch: async () => {
          opened += 1;
          const value = opened;
          return (async function* stream() {
            yield value;
            await new Promise<void>((_resolve, reject) => breaks.push(() => reject(new Error('closed'))));
          })();
        },
      },
    };
    const feeds = new Feeds(client, connection, queries);
    const key = feeds.queryKey('day');
    const leave = feeds.follow('day', (each: Client) => each.day.watch, undefined);
    const leaveToo = feeds.follow('day', (each: Client) => each.day.watch, undefined);
    expect(opened).toBe(0);
    connection.opened(link);
    await seen(queries, key, (live) => live.data === 1 && !live.stale);
    connection.lost(problemHere('CORE_RESTARTED'));
    breaks[0]?.();
    await seen(queries, key, (live) => live.data === 1 && live.stale);
    connection.opened(link);
    await seen(queries, key, (live) => live.data === 2 && !live.stale);
    expect(opened).toBe(2);
    leave();
    leaveToo();
  });

  it('end with a problem that is an answer', async () => {
    const connection = new Connection();
    const queries = new QueryClient();
    const client: Client = { day: { watch: () => Promise.reject(new VantageError('NOT_ALLOWED')) } };
    const feeds = new Feeds(client, connection, queries);
    connection.opened(link);
    const leave = feeds.follow('day', (each: Client) => each.day.watch, undefined);
    const key = feeds.queryKey('day');
    await seen(queries, key, (live) => live.problem !== null);
    expect(queries.getQueryData<Live<number>>(key)?.problem?.code).toBe('NOT_ALLOWED');
    leave();
  });

  it('are known by the path of their procedure', () => {
    expect(pathOf((client: Client) => client.day.watch)).toBe('day.watch');
  });
});

describe('the line', () => {
  it('refuses a call while it is down, by the code of why', () => {
    const connection = new Connection();
    expect(() => connection.link()).toThrow('CONNECTION_LOST');
    connection.opened(link);
    expect(connection.link()).toBe(link);
    connection.lost(problemHere('CORE_RESTARTED'));
    expect(() => connection.link()).toThrow('CORE_RESTARTED');
  });
});
