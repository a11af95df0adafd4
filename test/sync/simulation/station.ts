/**
 * A station of the simulation: the real store in a real file, the real client and replication, on the simulated network and clock. Its
 * death takes a copy of the files as they are at that instant, as `kill -9` would leave them; the next run begins from the copy.
 */
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openStore } from '../../../electron/core/store/index.ts';
import type { Store } from '../../../electron/core/store/index.ts';
import type { StationClient } from '../../../electron/core/sync/cloud-client.ts';
import { createCloudClient } from '../../../electron/core/sync/cloud-client.ts';
import type { Replication } from '../../../electron/core/sync/replication/index.ts';
import { startReplication } from '../../../electron/core/sync/replication/index.ts';
import type { StationKey } from '../../../electron/core/sync/station-key.ts';
import type { Random } from '../../fixtures/random.ts';
import type { CloudClinic } from '../cloud-database.ts';
import { keptDocuments } from '../kept-documents.ts';
import type { Kept, Oracle, Written } from '../oracle.ts';
import type { Writer } from '../writer.ts';
import { STORE_KEY } from '../store-key.ts';
import type { Line, Network } from './network.ts';
import type { VirtualTime } from './virtual-time.ts';
import { StationClock } from './virtual-time.ts';

export const CLOUD_ADDRESS = 'https://cloud.test';

export interface StationParts {
  readonly name: string;
  readonly stationId: string;
  readonly clinic: CloudClinic;
  readonly key: StationKey;
  /** For its files; on a disk in memory where there is one. */
  readonly folder: string;
  readonly time: VirtualTime;
  readonly network: Network;
  /** The station's address on the network. */
  readonly address: string;
  readonly random: Random;
  readonly oracle: Oracle;
  /** The true time, ms since 1970. */
  readonly trueNow: () => number;
  readonly trace: (text: string) => void;
}

/** One run of the station's program. */
interface Run {
  readonly directory: string;
  readonly clock: StationClock;
  readonly line: Line;
  readonly client: StationClient;
  readonly store: Store;
  readonly replication: Replication;
  /** Takes the copy at the n-th change from now, in the midst of whatever is being done. */
  changesUntilDeath: number | null;
}

export class SimulatedStation {
  readonly name: string;
  readonly #parts: StationParts;
  /** Wall clock minus true time, ms. */
  clockOffset = 0;
  kills = 0;
  #run: Run | null = null;
  /** Where the next run's files lie. */
  #directory: string;
  #runs = 0;

  constructor(parts: StationParts) {
    this.#parts = parts;
    this.name = parts.name;
    this.#directory = join(parts.folder, `${parts.name}-0`);
    mkdirSync(this.#directory, { recursive: true });
  }

  get line(): Line | null {
    return this.#run?.line ?? null;
  }

  get isUp(): boolean {
    return this.#run !== null;
  }

  /** Documents that the cloud does not have yet, as the station itself says; null while it is down. */
  get unpushed(): number | null {
    return this.#run?.replication.unpushed() ?? null;
  }

  describe(): string {
    const run = this.#run;
    return run === null ? `${this.name} is down` : `${this.name}: ${JSON.stringify(run.replication.perCollection())}`;
  }

  async start(): Promise<void> {
    const { time, network, random, stationId, key, trueNow } = this.#parts;
    const directory = this.#directory;
    const clock = new StationClock(time, () => trueNow() + this.clockOffset);
    const line = network.line(`${this.name}.${this.#runs}`, this.#parts.address);
    const store = await openStore({ directory, key: STORE_KEY, now: () => clock.now(), stationId });
    const client = createCloudClient({
      address: CLOUD_ADDRESS,
      stationId,
      keys: { current: () => key, next: () => null, promote: () => undefined },
      clock,
      fetch: line.fetch,
    });
    const replication = startReplication({
      store,
      cloud: client,
      scope: this.#parts.clinic,
      clock,
      random: () => random.next(),
    });
    const run: Run = { directory, clock, line, client, store, replication, changesUntilDeath: null };
    store.changes().subscribe(() => {
      if (run.changesUntilDeath === null) return;
      run.changesUntilDeath -= 1;
      if (run.changesUntilDeath <= 0) this.kill();
    });
    this.#runs += 1;
    this.#run = run;
  }

  /** Writes in one transaction. `dies`: within it, before it is durable; `clears`: deletes half of what is there. */
  async write(writer: Writer, { dies = false, clears = false } = {}): Promise<void> {
    const run = this.#run;
    if (run === null) return;
    const { oracle, trueNow } = this.#parts;
    let written: Written[] = [];
    await run.store.transaction((tx) => {
      written = [];
      const told = (each: Omit<Written, 'at'>): unknown => written.push({ ...each, at: trueNow() });
      if (clears) writer.clear(tx, told, keptDocuments(run.store.sqlite).keys());
      else writer.write(tx, told);
      if (dies) this.kill();
    });
    // What the copy does not hold was never acknowledged to anybody.
    this.#parts.trace(`${this.name} ${dies ? 'dies writing' : 'writes'} ${written.map(describeWrite).join(', ')}`);
    if (!dies) for (const each of written) oracle.add(each);
  }

  /** Dies now. */
  kill(): void {
    const run = this.#run;
    if (run === null) return;
    this.#parts.trace(`${this.name} dies`);
    this.#run = null;
    this.kills += 1;
    run.changesUntilDeath = null;
    run.clock.kill();
    run.line.kill();
    this.#directory = join(this.#parts.folder, `${this.name}-${this.#runs}`);
    cpSync(run.directory, this.#directory, { recursive: true });
    // What is left of the run finds nobody any more. Its file is closed when the last of its calls has returned.
    this.#parts.time.after(0, () => {
      run.store.sqlite.close();
      rmSync(run.directory, { recursive: true, force: true });
    });
  }

  /** Dies at the n-th change from now; null: it lives on. */
  killAtChange(count: number | null): void {
    if (this.#run !== null) this.#run.changesUntilDeath = count;
  }

  /** What it has of these documents, as far as the cloud is not known to have it. @param keys `<collection>/<id>` */
  unknownToCloud(keys: readonly string[]): Map<string, Kept> {
    if (this.#run === null) throw new Error(`${this.name} is down`);
    const { sqlite } = this.#run.store;
    const isOpen = sqlite
      .prepare(`SELECT 1 FROM sync_documents WHERE collection || '/' || id = ? AND acked IS NOT rev`)
      .pluck();
    const open = keys.filter((key) => isOpen.get(key) !== undefined);
    const documents = open.length === 0 ? new Map<string, Kept>() : keptDocuments(sqlite);
    return new Map(open.flatMap((key) => [[key, documents.get(key)] as const]).filter(isThere));
  }

  /** What it has, deletions too, by `<collection>/<id>`. */
  documents(): Map<string, Kept> {
    if (this.#run === null) throw new Error(`${this.name} is down`);
    return keptDocuments(this.#run.store.sqlite);
  }

  async close(): Promise<void> {
    const run = this.#run;
    this.#run = null;
    if (run === null) return;
    await run.replication.close();
    await run.client.close();
    await run.store.close();
  }
}

function isThere<K, V>(entry: readonly [K, V | undefined]): entry is readonly [K, V] {
  return entry[1] !== undefined;
}

function describeWrite({ collection, id, before, after }: Written): string {
  return `${before === null ? 'new ' : after === null ? 'deletion of ' : ''}${collection}/${id}`;
}
