/** A station as it runs in a clinic, with its store, its vault and sync on real connections. */
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '../../electron/contract/index.ts';
import { stationIdentity } from '../../electron/core/station.ts';
import type { StationIdentity } from '../../electron/core/station.ts';
import type { Store } from '../../electron/core/store/index.ts';
import { openStore } from '../../electron/core/store/index.ts';
import type { SyncClock } from '../../electron/core/sync/clock.ts';
import { systemClock } from '../../electron/core/sync/clock.ts';
import type { Fetch } from '../../electron/core/sync/cloud-client.ts';
import type { Sync } from '../../electron/core/sync/index.ts';
import { openSync } from '../../electron/core/sync/index.ts';
import { noCloud } from '../../electron/core/sync/no-cloud.ts';
import { openVault } from '../../electron/core/vault/index.ts';

const KEY = new Uint8Array(32).fill(9);
export const BY = { actorId: 'tester', role: 'admin' };

/** A log that keeps what it is given, to be looked at for what must not be in it. */
export interface KeptLog {
  readonly lines: readonly string[];
  readonly log: Record<'debug' | 'info' | 'warn' | 'error', (fields: object, message: string) => void>;
}

function keptLog(): KeptLog {
  const lines: string[] = [];
  const keep = (fields: object, message: string): void => void lines.push(`${message} ${JSON.stringify(fields)}`);
  return { lines, log: { debug: keep, info: keep, warn: keep, error: keep } };
}

export interface RunningStation {
  readonly directory: string;
  readonly store: Store;
  readonly station: StationIdentity;
  readonly sync: Sync;
  readonly kept: KeptLog;
  /** Stops it; its folder stays. */
  stop(): Promise<void>;
}

export interface StationOptions {
  readonly directory?: string;
  readonly stationId?: string;
  readonly mode?: 'demonstration' | 'clinic';
  readonly clock?: SyncClock;
  /** The network; default: real, from an address of the station's own. */
  readonly fetch?: Fetch;
  /** The connections that a station makes by itself, from this machine's address. */
  readonly ownConnections?: boolean;
}

/** The real network, from an address of one's own behind a proxy: the API counts guesses by address. */
function networkOf(fetchThere: Fetch): Fetch {
  const address = `198.51.${randomInt(256)}.${randomInt(256)}`;
  return async (input, init) => {
    const headers = new Headers(init?.headers);
    headers.set('x-forwarded-for', address);
    return fetchThere(input, { ...init, headers });
  };
}

const folders: string[] = [];
const running = new Set<RunningStation>();

export async function startStation(options: StationOptions = {}): Promise<RunningStation> {
  const { mode = 'clinic', clock = systemClock, stationId = newId() } = options;
  const directory = options.directory ?? newFolder();
  const now = (): Date => new Date(clock.now());
  const kept = keptLog();
  const store = await openStore({
    directory,
    key: KEY,
    now: () => clock.now(),
    stationId,
    log: kept.log,
  });
  const station = stationIdentity(store, mode, stationId);
  const vault = await openVault({
    directory: join(directory, 'vault'),
    database: store.sqlite,
    masterKey: KEY,
    now,
    log: kept.log,
    reserveBytes: 0,
  });
  const sync = openSync({
    store,
    vault,
    station,
    mode,
    log: kept.log,
    clock,
    notEnrolled: noCloud(store, () => 0),
    ...(options.ownConnections !== true && { fetch: networkOf(options.fetch ?? fetch) }),
  });
  sync.start();
  const made: RunningStation = {
    directory,
    store,
    station,
    sync,
    kept,
    stop: async () => {
      running.delete(made);
      await sync.close();
      await store.close();
    },
  };
  running.add(made);
  return made;
}

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'vantage-station-'));
  folders.push(folder);
  return folder;
}

/** After each test. */
export async function stopStations(): Promise<void> {
  for (const station of running) await station.stop();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** Looks again until it is so; the test's own time limit is the end of patience. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await systemClock.sleep(20);
}
