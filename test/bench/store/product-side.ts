/** The product's own store, through the methods that the rest of core uses. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { CollectionName } from '../../../electron/contract/index.ts';
import { CaptureActivity } from '../../../electron/core/capture/capture-activity.ts';
import { Reviews } from '../../../electron/core/review/reviews.ts';
import { COLLECTION_NAMES } from '../../../electron/core/store/schemas.ts';
import { openStore } from '../../../electron/core/store/index.ts';
import type { Store } from '../../../electron/core/store/index.ts';
import { dayView } from '../../../electron/core/visits/day-views.ts';
import type { ViewSources } from '../../../electron/core/visits/views.ts';
import { visitView } from '../../../electron/core/visits/views.ts';
import { entryOf, intentOf, weighedAgain } from './changes.ts';
import { sessionId, STATION_ID, TODAY, visitOf } from './clinic-data.ts';
import { indexesOf, settingsOf } from './files.ts';
import type { Dashboard, Place, Read, ReadQuery, Side } from './side.ts';
import { collectGarbage } from './worker.ts';

export class ProductSide implements Side {
  readonly #place: Place;
  #store: Store | null = null;

  constructor(place: Place) {
    this.#place = place;
  }

  async open() {
    await this.close();
    collectGarbage();
    const started = performance.now();
    const store = await openStore({
      directory: this.#place.directory,
      key: KEY,
      now: () => TODAY.getTime(),
      stationId: STATION_ID,
    });
    this.#store = store;
    const first = await store.get('sessions', sessionId(0));
    const ms = performance.now() - started;
    // As in the product, somebody listens.
    store.changes().subscribe();
    return { ms, result: first?.id ?? '' };
  }

  async addVisits(from: number, to: number) {
    const store = this.#opened();
    const visits = Array.from({ length: to - from }, (_, index) => visitOf(from + index, this.#place.visits));
    await store.transaction((tx) => {
      for (const { patient, appointment, consent, session, report } of visits) {
        if (patient !== null) tx.put('patients', patient);
        tx.put('appointments', appointment);
        tx.put('consents', consent);
        tx.put('sessions', session);
        if (report !== null) tx.put('reports', report);
      }
    });
    const writes = visits.flatMap((visit) =>
      visit.captures.map((document) => ({ name: 'captures' as const, document })),
    );
    const audit = [entryOf(sessionId(from), from, TODAY.toISOString())];
    collectGarbage();
    const started = performance.now();
    await store.writeMany(writes, { audit });
    return { ms: performance.now() - started, result: `${writes.length}` };
  }

  async readByIds(ids: readonly string[]) {
    const store = this.#opened();
    collectGarbage();
    const started = performance.now();
    let tiles = 0;
    for (const id of ids) tiles += (await store.get('captures', id))?.judgement?.tiles.length ?? 0;
    return { ms: performance.now() - started, result: `${tiles} tiles` };
  }

  async write(sessionIds: readonly string[], count: number) {
    const store = this.#opened();
    const at = TODAY.toISOString();
    collectGarbage();
    const started = performance.now();
    for (const [index, id] of sessionIds.entries()) {
      const number = count + index;
      await store.update('sessions', id, (session) => weighedAgain(session, number), {
        audit: [entryOf(id, number, at)],
        intents: [intentOf(id, number)],
      });
    }
    return { ms: performance.now() - started, result: `${sessionIds.length}` };
  }

  /** What the facilitator's day, the clinician's queue, an open visit and the station line read: recorded from their own code. */
  async dashboards(): Promise<Dashboard> {
    const open = sessionId(this.#place.visits - 1);
    return {
      'day list': await this.#recorded((sources) => dayView(sources)),
      'review queue': await this.#recorded((sources) => new Reviews(sources, 'bench').queue()),
      'captures of a session': await this.#recorded((sources) => visitView(sources, open)),
      // As `stationStatus` in core/clinic.ts asks.
      counts: await this.#recorded(async ({ store }) => {
        await store.count('captures', { selector: { state: { $in: ['on-disk', 'judged'] } } });
        await store.count('reports', {});
      }),
    };
  }

  async dashboard(reads: readonly Read[]) {
    const store = this.#opened();
    collectGarbage();
    const started = performance.now();
    const results: number[] = [];
    for (const read of reads) {
      if (read.kind === 'get') results.push((await store.get(read.name, read.id)) === null ? 0 : 1);
      else if (read.kind === 'find') results.push((await store.find(read.name, read.query)).length);
      else results.push(await store.count(read.name, read.query));
    }
    return { ms: performance.now() - started, result: results.join(' ') };
  }

  settings() {
    return settingsOf(this.#opened().sqlite);
  }

  indexes() {
    return indexesOf(this.#opened().sqlite, Object.fromEntries(COLLECTION_NAMES.map((name) => [name, `rx:${name}:0`])));
  }

  bytes(): number {
    return statSync(join(this.#place.directory, 'clinic.db')).size;
  }

  async close() {
    await this.#store?.close();
    this.#store = null;
  }

  async #recorded(run: (sources: ViewSources) => Promise<unknown>): Promise<Read[]> {
    const reads: Read[] = [];
    const store = this.#opened();
    const recording = new Proxy(store, {
      get: (target, property, receiver) => {
        if (property === 'get') {
          return (name: CollectionName, id: string) => {
            reads.push({ kind: 'get', name, id });
            return target.get(name, id);
          };
        }
        if (property === 'find' || property === 'count') {
          return (name: CollectionName, query: ReadQuery = {}) => {
            reads.push({ kind: property, name, query });
            return target[property](name, query);
          };
        }
        return Reflect.get(target, property, receiver) as unknown;
      },
    });
    await run({
      store: recording,
      now: () => TODAY,
      deviceStatuses: () => [],
      activity: new CaptureActivity(() => undefined),
      reportsInProgress: new Set(),
      reportProblemOf: () => null,
      stationId: STATION_ID,
      cloudTimesOf: () => ({ inCloud: null, verified: null }),
      lostBlobs: new Set(),
    });
    return reads;
  }

  #opened(): Store {
    if (this.#store === null) throw new Error('not open');
    return this.#store;
  }
}

const KEY = new Uint8Array(32).fill(5);
