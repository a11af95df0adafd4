/** The replication's parts with a fault plan in between: storage instances, statements, transactions, merge, line, clock and chance. */
import { map } from 'rxjs';
import type { Database, Statement } from 'better-sqlite3-multiple-ciphers';
import type { CollectionName, HybridClock } from '../../../electron/contract/index.ts';
import { VantageError } from '../../../electron/contract/index.ts';
import type { Store } from '../../../electron/core/store/index.ts';
import { systemClock } from '../../../electron/core/sync/clock.ts';
import type { SyncClock } from '../../../electron/core/sync/clock.ts';
import type { CloudClient } from '../../../electron/core/sync/cloud-client.ts';
import type { ReplicationOptions } from '../../../electron/core/sync/replication/index.ts';
import { mergeStates } from '../../../electron/core/sync/replication/states.ts';
import type { Instance, ReplicationTables } from '../../../electron/core/sync/replication/tables.ts';
import { replicationTables } from '../../../electron/core/sync/replication/tables.ts';
import type { FaultPlan } from './fault-plan.ts';

/** Sites of these alone are counted: the others' are the same code. */
const WATCHED: readonly CollectionName[] = ['patients', 'sessions'];
const METHODS = new Set(['readNow', 'writeNow', 'getChangedDocumentsSince', 'changeStream']);
/** What a retry waits for a second, waits ten milliseconds. */
const HASTE = 100;
const LONG_MS = 30_000;

/** @param collection of which the site is, or null */
type Hit = (site: string, collection: string | null, failure?: () => Error) => void;

export function faultyParts(
  plan: FaultPlan,
  store: Store,
  cloud: Pick<CloudClient, 'post' | 'pokes'>,
): Pick<
  ReplicationOptions,
  'store' | 'cloud' | 'clock' | 'random' | 'newId' | 'ready' | 'tables' | 'merge' | 'observe'
> {
  const hit: Hit = (site, collection, failure) => {
    if (collection === null) plan.hit(site, failure);
    else if (WATCHED.includes(collection as CollectionName)) plan.hit(`${site} [${collection}]`, failure);
  };
  return {
    store: { tables: store.tables, clock: faultyHybridClock(store.clock, hit) },
    cloud: faultyCloud(cloud, hit),
    clock: faultyClock(hit),
    random: () => {
      plan.hit('random');
      return 0.5;
    },
    newId: () => {
      plan.hit('newId');
      return crypto.randomUUID();
    },
    ready: async () => plan.hit('ready'),
    tables: faultyTables(replicationTables(store.tables), hit),
    merge: (collection, base, ours, theirs) => {
      hit('merge', collection);
      return mergeStates(collection, base, ours, theirs);
    },
    observe: (site) => {
      const collection = /\((\w+)\)$/.exec(site)?.[1] ?? null;
      hit(`callback ${site.replace(/ \(\w+\)$/, '')}`, collection);
    },
  };
}

function faultyTables(tables: ReplicationTables, hit: Hit): ReplicationTables {
  return {
    sqlite: faultyDatabase(tables.sqlite, hit),
    transaction: (run, flush) => {
      hit('transaction: before', null);
      const result = tables.transaction(() => {
        const inner = run();
        hit('transaction: at its end', null);
        return inner;
      }, flush);
      hit('transaction: after its commit', null);
      return result;
    },
    fork: (collection) => faultyInstance(tables.fork(collection), `fork`, collection, hit),
    meta: (collection) => faultyInstance(tables.meta(collection), `meta`, collection, hit),
  };
}

function faultyInstance<D>(instance: Instance<D>, name: string, collection: string, hit: Hit): Instance<D> {
  return new Proxy(instance, {
    get: (target, property) => {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      const call = (...args: unknown[]): unknown => Reflect.apply(value, target, args) as unknown;
      if (!METHODS.has(String(property))) return call;
      const site = `${name}.${String(property)}`;
      return (...args: unknown[]): unknown => {
        hit(`${site}: before`, collection);
        if (property === 'changeStream') {
          return target.changeStream().pipe(
            map((bulk) => {
              hit(`${site}: event`, collection);
              return bulk;
            }),
          );
        }
        const result = call(...args);
        if (result instanceof Promise) {
          return result.then((settled: unknown) => {
            hit(`${site}: after`, collection);
            return settled;
          });
        }
        hit(`${site}: after`, collection);
        return result;
      };
    },
  });
}

/** Its statements fail; those that count for people are asked from outside and do not. */
function faultyDatabase(sqlite: Database, hit: Hit): Database {
  return new Proxy(sqlite, {
    get: (target, property) => {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      if (property === 'prepare') {
        return (sql: string): unknown => faultyStatement(target.prepare(sql), sql.replaceAll(/\s+/g, ' ').trim(), hit);
      }
      return (...args: unknown[]): unknown => Reflect.apply(value, target, args) as unknown;
    },
  });
}

function faultyStatement(statement: Statement, sql: string, hit: Hit): unknown {
  const forPeople = /GROUP BY|ORDER BY|min\(since\)/.test(sql) && !/id > \?/.test(sql);
  const proxy: unknown = new Proxy(statement, {
    get: (target, property) => {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      if (property === 'pluck' || property === 'raw') {
        return (...args: unknown[]): unknown => {
          Reflect.apply(value, target, args);
          return proxy;
        };
      }
      if (forPeople) return (...args: unknown[]): unknown => Reflect.apply(value, target, args) as unknown;
      return (...args: unknown[]): unknown => {
        const collection = args.find((argument) => WATCHED.includes(argument as CollectionName));
        if (collection !== undefined) hit(`sql ${sql.slice(0, 70)}`, collection as string);
        return Reflect.apply(value, target, args) as unknown;
      };
    },
  });
  return proxy;
}

function faultyHybridClock(clock: HybridClock, hit: Hit): HybridClock {
  return new Proxy(clock, {
    get: (target, property) => {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        hit(`clock.${String(property)}`, null);
        return Reflect.apply(value, target, args) as unknown;
      };
    },
  });
}

const unreachable = (): Error => new VantageError('CLOUD_UNREACHABLE', 'made to fail');

function faultyCloud(cloud: Pick<CloudClient, 'post' | 'pokes'>, hit: Hit): Pick<CloudClient, 'post' | 'pokes'> {
  return {
    post: async (path, body, schema, options) => {
      const [, collection, what] = /\/(\w+)\/(pull|push)$/.exec(path) ?? [];
      hit(`${what} is not sent`, collection ?? null, unreachable);
      hit(`${what}: the client fails`, collection ?? null);
      const answer = await cloud.post(path, body, schema, options);
      hit(`${what}: the answer is lost`, collection ?? null, unreachable);
      hit(`${what}: the client fails after the answer`, collection ?? null);
      return answer;
    },
    async *pokes(signal) {
      hit('pokes: at the beginning', null);
      for await (const poke of cloud.pokes(signal)) {
        hit('pokes: in the midst', null);
        yield poke;
      }
    },
  };
}

function faultyClock(hit: Hit): SyncClock {
  return {
    now: () => {
      hit('clock: now', null);
      return systemClock.now();
    },
    monotonic: () => {
      hit('clock: monotonic', null);
      return systemClock.monotonic();
    },
    sleep: async (ms, signal) => {
      hit('clock: sleep', null);
      await systemClock.sleep(ms >= LONG_MS ? ms : Math.max(1, ms / HASTE), signal);
    },
  };
}
