/**
 * How long the API lets stations wait at the pace of a working day: each writes a few documents of a visit now and then, and the API
 * tells the other stations of that location which collection changed, for which they then ask, as the product does; now and then
 * each asks for every collection without being told.
 */
import { loadavg } from 'node:os';
import type { CollectionName } from '../../../electron/contract/index.ts';
import {
  CONTRACT_VERSION,
  documentSchemas,
  newId,
  pullResponseSchema,
  pushResponseSchema,
  replicationPath,
} from '../../../electron/contract/index.ts';
import { systemClock } from '../../../electron/core/sync/clock.ts';
import type { CloudClient } from '../../../electron/core/sync/cloud-client.ts';
import { createCloudClient } from '../../../electron/core/sync/cloud-client.ts';
import { Random } from '../../fixtures/random.ts';
import type { Row } from '../bench.ts';
import { percentile } from '../bench.ts';
import { SEED } from '../store/clinic-data.ts';
import { capturesOf } from './captures.ts';
import type { BenchPlace, RealCloud } from './real-cloud.ts';

export const PACE_SIZES = {
  stations: 50,
  fullStations: 200,
  stationsPerPlace: 5,
  seconds: 60,
  everySeconds: 30,
} as const;

export interface PaceSizes {
  readonly stations: number;
  readonly stationsPerPlace: number;
  /** Of measuring. */
  readonly seconds: number;
  /** Between two pushes of a station, on average. */
  readonly everySeconds: number;
}

export function paceRowName(stations: number): string {
  return `api-p99-ms-${stations}-stations`;
}

/** Requests of one collection at a time, as the product's `Turns`. */
const AT_ONCE = 2;
/** Pokes closer together than this are one, as in the product. */
const POKE_SPACING_MS = 1000;
/** So long a station waits until it asks for everything without being told; the product's, too. */
const POLL_MS = 2 * 60_000;
/** What a pull asks for; the product's, too. */
const PAGE = { limit: 500, bytes: 1024 * 1024, own: 'brief' } as const;
const COLLECTIONS = Object.keys(documentSchemas) as CollectionName[];

interface Waits {
  readonly push: number[];
  readonly pull: number[];
}

interface PacedStation {
  readonly stationId: string;
  readonly place: BenchPlace;
  readonly client: CloudClient & { close(): Promise<void> };
  readonly random: Random;
  readonly checkpoints: Map<CollectionName, unknown>;
}

/** @throws VantageError when a request fails, Error when a document is not taken */
export async function paceRow(cloud: RealCloud, sizes: PaceSizes, print: (line: string) => void): Promise<Row> {
  const stations = await enrolled(cloud, sizes);
  const waits: Waits = { push: [], pull: [] };
  const ended = new AbortController();
  try {
    // Signed in and read for the first time, before anything is measured.
    for (const station of stations) await pull(station, COLLECTIONS, { push: [], pull: [] });
    const started = performance.now();
    const end = started + sizes.seconds * 1000;
    const listening = stations.flatMap((station) => [
      listen(station, waits, ended.signal),
      poll(station, waits, ended.signal),
    ]);
    await Promise.all(stations.map(async (station, index) => write(station, { index, end, sizes }, waits)));
    ended.abort();
    await Promise.all(listening);
    const seconds = (performance.now() - started) / 1000;
    const all = [...waits.push, ...waits.pull];
    print(
      `  ${sizes.stations} stations, ${sizes.stationsPerPlace} a location, ${seconds.toFixed(0)} s, seed ${SEED}; ` +
        `${waits.push.length} pushes of 1 to 3 captures, p99 ${Math.round(percentile(waits.push, 99))} ms; ` +
        `${waits.pull.length} pulls of the collections that changed, p99 ${Math.round(percentile(waits.pull, 99))} ms; ` +
        `${(all.length / seconds).toFixed(1)} requests/s, median ${Math.round(percentile(all, 50))} ms; load ${loadavg()[0]?.toFixed(1)}`,
    );
    const ours = Number(percentile(all, 99).toPrecision(4));
    return {
      measure: paceRowName(sizes.stations),
      unit: 'ms',
      ours,
      reference: null,
      referenceName: null,
      ratio: null,
      goal: null,
      met: null,
    };
  } finally {
    ended.abort();
    await Promise.all(stations.map(async ({ client }) => client.close()));
  }
}

async function enrolled(cloud: RealCloud, sizes: PaceSizes): Promise<PacedStation[]> {
  const stations: PacedStation[] = [];
  let place = await cloud.place();
  for (let index = 0; index < sizes.stations; index += 1) {
    if (index > 0 && index % sizes.stationsPerPlace === 0) place = await cloud.place();
    const { stationId, key } = await cloud.station(place);
    const address = `198.51.${Math.floor(index / 250)}.${index % 250}`;
    const client = createCloudClient({
      address: cloud.url,
      stationId,
      keys: { current: () => key, next: () => null, promote: () => undefined },
      clock: systemClock,
      fetch: async (input, init) => {
        const headers = new Headers(init?.headers);
        headers.set('x-forwarded-for', address);
        return fetch(input, { ...init, headers });
      },
    });
    stations.push({ stationId, place, client, random: new Random(SEED + index), checkpoints: new Map() });
  }
  return stations;
}

async function write(
  station: PacedStation,
  { index, end, sizes }: { readonly index: number; readonly end: number; readonly sizes: PaceSizes },
  waits: Waits,
): Promise<void> {
  const { random, client, stationId, place, checkpoints } = station;
  const everyMs = sizes.everySeconds * 1000;
  // A few hundred different ones, of ids that no other bench writes.
  const captures = capturesOf(sizes.seconds * 3, 1_000_000 + index, place);
  for (let next = performance.now() + random.next() * everyMs; next < end; next += everyMs * (0.5 + random.next())) {
    await systemClock.sleep(Math.max(0, next - performance.now()));
    const rows = captures.splice(0, random.between(1, 3)).map((capture) => ({
      document: { ...capture, stationId, contractVersion: CONTRACT_VERSION, hlc: {}, ...writtenNow() },
      deleted: false,
      assumed: null,
    }));
    const checkpoint = checkpoints.get('captures') ?? null;
    const body = { contractVersion: CONTRACT_VERSION, mutationId: newId(), checkpoint, rows };
    const answer = await timed(waits.push, async () =>
      client.post(replicationPath('captures', 'push'), body, pushResponseSchema),
    );
    if (answer.verdicts.some(({ verdict }) => verdict !== 'accepted')) throw new Error('a capture was not taken');
  }
}

function writtenNow(): { readonly createdAt: string; readonly updatedAt: string } {
  const at = new Date().toISOString();
  return { createdAt: at, updatedAt: at };
}

/** The first poke at once; those that come meanwhile together. */
async function listen(station: PacedStation, waits: Waits, signal: AbortSignal): Promise<void> {
  const poked = new Set<CollectionName>();
  let passing = Promise.resolve();
  let isPassing = false;
  const passOn = async (): Promise<void> => {
    isPassing = true;
    while (poked.size > 0 && !signal.aborted) {
      const names = [...poked];
      poked.clear();
      await pull(station, names, waits);
      await systemClock.sleep(POKE_SPACING_MS, signal).catch(() => undefined);
    }
    isPassing = false;
  };
  try {
    const pokes = station.client.pokes(signal)[Symbol.asyncIterator]();
    for (let next = await pokes.next(); next.done !== true; next = await pokes.next()) {
      const names = next.value ?? [];
      for (const name of names.length === 0 ? COLLECTIONS : names) poked.add(name);
      if (!isPassing) passing = passOn();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await passing;
  }
}

async function poll(station: PacedStation, waits: Waits, signal: AbortSignal): Promise<void> {
  // They were not all switched on in one moment.
  for (let wait = station.random.next() * POLL_MS; ; wait = POLL_MS) {
    await systemClock.sleep(wait, signal).catch(() => undefined);
    if (signal.aborted) return;
    await pull(station, COLLECTIONS, waits);
  }
}

async function pull(
  { client, checkpoints }: PacedStation,
  names: readonly CollectionName[],
  waits: Waits,
): Promise<void> {
  const left = [...names];
  const turn = async (): Promise<void> => {
    for (let name = left.pop(); name !== undefined; name = left.pop()) {
      const collection = name;
      const body = { contractVersion: CONTRACT_VERSION, checkpoint: checkpoints.get(collection) ?? null, ...PAGE };
      const { checkpoint } = await timed(waits.pull, async () =>
        client.post(replicationPath(collection, 'pull'), body, pullResponseSchema),
      );
      checkpoints.set(collection, checkpoint);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, turn));
}

async function timed<T>(into: number[], request: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const answer = await request();
  into.push(performance.now() - started);
  return answer;
}
