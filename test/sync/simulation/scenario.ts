/**
 * What happens in one run, by its seed alone: people write at every station while lines are cut and mended, clocks jump, stations die
 * and the API starts again; then everything heals, and must come together.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { derivedId } from '../../../electron/contract/index.ts';
import { newKeyPem, stationKeyOf } from '../../../electron/core/sync/station-key.ts';
import { readConfig } from '../../../workflows/api/config.ts';
import { Random } from '../../fixtures/random.ts';
import type { CloudClinic, CloudDatabase } from '../cloud-database.ts';
import { apiEnvironment } from '../cloud-database.ts';
import { differenceOf } from '../content.ts';
import { COLLECTIONS } from '../documents.ts';
import { Oracle } from '../oracle.ts';
import { SimulatedCloud } from './cloud.ts';
import type { Control } from './controls.ts';
import { controlled } from './controls.ts';
import type { Handle, Partition, WireAnswer } from './network.ts';
import { Network } from './network.ts';
import { Purges, withSmallPages, withoutPurged } from './purges.ts';
import { CLOUD_ADDRESS, SimulatedStation } from './station.ts';
import { Writer } from '../writer.ts';
import { VirtualTime, countRealWork } from './virtual-time.ts';

export interface ScenarioOptions {
  readonly seed: number;
  readonly stations: number;
  /** Cleared at the beginning. */
  readonly database: CloudDatabase;
  /** For the stations' files. */
  readonly folder: string;
  readonly control: Control | null;
  readonly trace?: (line: string) => void;
}

export interface ScenarioResult {
  readonly seed: number;
  readonly failures: readonly string[];
  readonly writes: number;
  readonly documents: number;
  readonly requests: number;
  readonly kills: number;
  readonly clockJumps: number;
  readonly partitions: number;
  readonly apiRestarts: number;
  /** Backups of the cloud's database that were put back. */
  readonly restores: number;
  /** Deletions that the cloud let go of, and how often somebody was told to begin again for that. */
  readonly purged: number;
  readonly forcedResyncs: number;
  readonly faults: ReadonlyMap<string, number>;
  /** ms of virtual time from the healing until everything was the same everywhere. */
  readonly healedInMs: number;
  /** Of everything that the cloud was asked and answered, in order: the same for the same seed. */
  readonly traceHash: string;
}

const AWAY: Partition = { toCloud: 'refused', fromCloud: 'refused', collection: null };
/** The day on which all of it happens. */
const MORNING = Date.parse('2026-11-21T08:00:00.000Z');
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const WORK_MS = 12 * MINUTE;
/** Longest that it may take to come together again. */
const HEALING_MS = 2 * HOUR;
/** With a rule broken: many times what it takes without, and less than until a station looks for what it has missed. */
const CONTROL_HEALING_MS = 15 * MINUTE;
const CLOCK_JUMPS = [HOUR, -HOUR, 365 * 24 * HOUR, -365 * 24 * HOUR];
/** Clocks are never quite right; two of them differ by less than the bound. */
const SKEW_MS = 2 * MINUTE;
/** Transactions at each station. */
const WRITES = [8, 24] as const;
/** Of seeds in which deletions are purged. */
const PURGING = 0.35;
const MOST_NAMED = 12;

export async function runScenario(options: ScenarioOptions): Promise<ScenarioResult> {
  await options.database.clear();
  return new Scenario(options).run();
}

class Scenario {
  readonly #options: ScenarioOptions;
  readonly #database: CloudDatabase;
  readonly #time = new VirtualTime();
  readonly #oracle = new Oracle();
  readonly #clinic: CloudClinic;
  readonly #cloud: SimulatedCloud;
  readonly #network: Network;
  readonly #stations: SimulatedStation[] = [];
  readonly #trace = createHash('sha256');
  #marks = 0;
  #clockJumps = 0;
  #partitions = 0;
  #apiRestarts = 0;
  #restores = 0;
  /** null: nothing is purged. */
  readonly #purges: Purges | null;
  #forcedResyncs = 0;
  /** What threw where nobody waits for it. */
  readonly #thrown: string[] = [];

  constructor(options: ScenarioOptions) {
    this.#options = options;
    const { seed, control, database } = options;
    this.#database = database;
    this.#clinic = {
      tenantId: derivedId('sync-proof', seed, 'tenant'),
      locationId: derivedId('sync-proof', seed, 'location'),
    };
    const environment = {
      ...apiEnvironment(database.apiUrl, CLOUD_ADDRESS),
      FILES_FOLDER: join(options.folder, 'files'),
    };
    this.#cloud = new SimulatedCloud(readConfig(environment), () => new Date(this.#trueNow()));
    const random = this.#random('purges');
    const drawn = random.next();
    const isPurging = control === null ? drawn < PURGING : control === 'silent-purge';
    this.#purges = isPurging
      ? new Purges({
          random,
          clinic: this.#clinic,
          database,
          oracle: this.#oracle,
          stations: this.#stations,
          writer: (station) => this.#writer(station),
          at: (ms, act) => this.#at(ms, act),
          note: (text) => this.#note(`${this.#time.now} ${text}`),
          silently: control === 'silent-purge',
        })
      : null;
    const real: Handle = async (request) => this.#counted(await this.#cloud.handle(request));
    const pages = isPurging ? withSmallPages(real, random) : real;
    const handle = controlled(control, pages, this.#random('control'));
    this.#network = new Network(this.#time, this.#random('network'), handle, (line) => this.#note(line));
  }

  async run(): Promise<ScenarioResult> {
    const { seed, folder } = this.#options;
    const files = mkdtempSync(join(folder, `seed-${seed}-`));
    const realNow = Date.now;
    // Everything in this process lives in virtual time: what asks for the time by itself, too.
    Date.now = () => this.#trueNow();
    const endCount = countRealWork(this.#time);
    try {
      await this.#begin(files);
      this.#plan();
      await this.#time.run(WORK_MS);
      return await this.#end();
    } finally {
      for (const station of this.#stations) await this.#stop(station);
      await this.#cloud.stop();
      endCount();
      Date.now = realNow;
      rmSync(files, { recursive: true, force: true });
    }
  }

  async #begin(files: string): Promise<void> {
    const { stations, seed } = this.#options;
    await this.#database.makeClinic(this.#clinic);
    await this.#cloud.start();
    const random = this.#random('stations');
    for (let index = 0; index < stations; index += 1) {
      const stationId = derivedId('sync-proof', seed, 'station', index);
      const key = stationKeyOf(newKeyPem());
      await this.#database.addStation(this.#clinic, stationId, key);
      const station = new SimulatedStation({
        name: `s${index}`,
        stationId,
        clinic: this.#clinic,
        key,
        folder: files,
        time: this.#time,
        network: this.#network,
        address: `10.0.${index >> 8}.${index & 255}`,
        random: this.#random(`station ${index}`),
        oracle: this.#oracle,
        trueNow: () => this.#trueNow(),
        trace: (text) => this.#note(`${this.#time.now} ${text}`),
      });
      station.clockOffset = random.between(-SKEW_MS, SKEW_MS);
      this.#stations.push(station);
      await station.start();
    }
  }

  /** Lays everything out on the time line. */
  #plan(): void {
    const random = this.#random('plan');
    for (const station of this.#stations) {
      const writes = random.between(...WRITES);
      const writer = this.#writer(station);
      for (let index = 0; index < writes; index += 1) {
        this.#at(random.between(0, WORK_MS - MINUTE), () => station.write(writer));
      }
      const partitions = random.between(1, 4);
      for (let index = 0; index < partitions; index += 1) this.#planPartition(station, random);
      if (random.next() < 0.5) this.#planKill(station, writer, random);
      if (random.next() < 0.5) this.#planClockJump(station, random);
    }
    if (random.next() < 0.5) this.#planApiRestart(random);
    // A backup from before a purge knows again what was let go of: that is another matter.
    if (random.next() < 0.2 && this.#purges === null) this.#planRestore(random);
    this.#purges?.plan((station, lengthMs) => this.#cut(station, AWAY, lengthMs));
    this.#network.lostPokes = random.pick([0, 0.1, 1]);
    this.#network.faultiness = random.pick([0, 0.5, 1, 1, 3]);
  }

  #planPartition(station: SimulatedStation, random: Random): void {
    const from = random.between(0, WORK_MS - MINUTE);
    const passages = ['open', 'refused', 'silent'] as const;
    const partition: Partition = {
      toCloud: random.pick(passages),
      fromCloud: random.pick(passages),
      collection: random.next() < 0.3 ? random.pick(COLLECTIONS) : null,
    };
    const everybody = random.next() < 0.15;
    const lengthMs = random.between(1000, 5 * MINUTE);
    this.#at(from, () => {
      this.#partitions += 1;
      for (const each of everybody ? this.#stations : [station]) this.#cut(each, partition, lengthMs);
    });
  }

  #cut(station: SimulatedStation, partition: Partition, lengthMs: number): void {
    const { line } = station;
    if (line === null) return;
    line.partitions = [...line.partitions, partition];
    this.#time.after(lengthMs, () => {
      line.partitions = line.partitions.filter((each) => each !== partition);
    });
  }

  #planKill(station: SimulatedStation, writer: Writer, random: Random): void {
    const how = random.pick(['at once', 'at a change', 'within a write'] as const);
    const changes = random.between(1, 12);
    const awayMs = random.between(1000, 4 * MINUTE);
    this.#at(random.between(MINUTE, WORK_MS - 2 * MINUTE), async () => {
      if (how === 'at once') station.kill();
      else if (how === 'at a change') station.killAtChange(changes);
      else await station.write(writer, { dies: true });
    });
    this.#reviveEvery(station, awayMs);
  }

  /** A dead station is started again after a while. */
  #reviveEvery(station: SimulatedStation, awayMs: number): void {
    this.#at(awayMs, async () => {
      if (!station.isUp) await station.start();
      if (this.#time.now < WORK_MS - awayMs) this.#reviveEvery(station, awayMs);
    });
  }

  #planClockJump(station: SimulatedStation, random: Random): void {
    const jump = random.pick(CLOCK_JUMPS);
    const lengthMs = random.between(MINUTE, WORK_MS);
    this.#at(random.between(0, WORK_MS - MINUTE), () => {
      this.#clockJumps += 1;
      station.clockOffset += jump;
      // Somebody sets it right, or nobody ever does.
      this.#time.after(lengthMs, () => {
        station.clockOffset -= jump;
      });
    });
  }

  #planApiRestart(random: Random): void {
    const awayMs = random.between(500, 2 * MINUTE);
    this.#at(random.between(0, WORK_MS - 3 * MINUTE), async () => {
      this.#apiRestarts += 1;
      this.#network.dropStreams();
      await this.#cloud.stop();
      this.#at(awayMs, () => this.#cloud.start());
    });
  }

  /** The cloud's database is lost and put back from a backup: what came since has to come from the stations again. */
  #planRestore(random: Random): void {
    const backedUpAt = random.between(MINUTE, WORK_MS / 2);
    const database = this.#database;
    this.#at(backedUpAt, () => database.backUp());
    this.#at(random.between(backedUpAt + 1, WORK_MS), async () => {
      this.#restores += 1;
      this.#network.dropStreams();
      await database.restore(this.#clinic, derivedId('sync-proof', this.#options.seed, 'epoch'));
    });
  }

  async #end(): Promise<ScenarioResult> {
    const network = this.#network;
    network.faultiness = 0;
    network.lostPokes = 0;
    for (const station of this.#stations) {
      station.killAtChange(null);
      if (!station.isUp) await station.start();
      if (station.line !== null) station.line.partitions = [];
    }
    const healedAt = this.#time.now;
    const healingMs = this.#options.control === null ? HEALING_MS : CONTROL_HEALING_MS;
    let difference: string | null = 'nothing was compared';
    for (let waitMs = 30_000; difference !== null && this.#time.now < healedAt + healingMs; waitMs *= 1.5) {
      await this.#time.run(this.#time.now + waitMs);
      difference = await this.#difference();
    }
    const failures = this.#thrown.map((text) => `threw: ${text}`);
    if (difference !== null) {
      failures.push(`not the same everywhere ${healingMs / MINUTE} min after everything had healed: ${difference}`);
      failures.push(...this.#stations.map((station) => station.describe()));
    }
    const { seed } = this.#options;
    const wrong = this.#oracle.failuresOf(await this.#database.documents(this.#clinic));
    failures.push(...wrong.slice(0, MOST_NAMED));
    if (wrong.length > MOST_NAMED) failures.push(`... ${wrong.length} of these in all`);
    const quarantined = await this.#database.quarantined(this.#clinic);
    if (quarantined.length > 0) failures.push(`in quarantine: ${quarantined.slice(0, MOST_NAMED).join(', ')}`);
    return {
      seed,
      failures,
      writes: this.#oracle.writes,
      documents: this.#oracle.documents,
      requests: network.statistics.requests,
      kills: this.#stations.reduce((sum, station) => sum + station.kills, 0),
      clockJumps: this.#clockJumps,
      partitions: this.#partitions,
      apiRestarts: this.#apiRestarts,
      restores: this.#restores,
      purged: this.#purges?.purged ?? 0,
      forcedResyncs: this.#forcedResyncs,
      faults: network.statistics.faults,
      healedInMs: this.#time.now - healedAt,
      traceHash: this.#trace.digest('hex'),
    };
  }

  /** What is not the same at a station as in the cloud, or not acknowledged; null: nothing. */
  async #difference(): Promise<string | null> {
    const cloud = await this.#database.documents(this.#clinic);
    for (const station of this.#stations) {
      if (station.unpushed !== 0) return `${station.name} has ${station.unpushed} documents that are not acknowledged`;
      const here = station.documents();
      const difference = differenceOf(this.#purges === null ? here : withoutPurged(here, cloud), cloud);
      if (difference !== null) return `${station.name}: ${difference}`;
    }
    return null;
  }

  #writer(station: SimulatedStation): Writer {
    return new Writer({
      seed: this.#options.seed,
      place: { ...this.#clinic, authorId: derivedId('sync-proof', 'author') },
      random: this.#random(`writes ${station.name}`),
      mark: () => (this.#marks += 1),
    });
  }

  #counted(answer: WireAnswer | null): WireAnswer | null {
    if (answer?.body.includes('"resync":"TOMBSTONES_PURGED"') === true) this.#forcedResyncs += 1;
    return answer;
  }

  #trueNow(): number {
    return MORNING + Math.floor(this.#time.now);
  }

  #random(what: string): Random {
    const { seed } = this.#options;
    return new Random(createHash('sha256').update(`${seed}:${what}`).digest().readUInt32LE(0));
  }

  #at(ms: number, act: () => void | Promise<void>): void {
    this.#time.after(ms, () => {
      this.#time
        .real(async () => act())
        .catch((error: unknown) => this.#thrown.push(error instanceof Error ? (error.stack ?? '') : String(error)));
    });
  }

  #note(line: string): void {
    this.#trace.update(`${line}\n`);
    this.#options.trace?.(line);
  }

  async #stop(station: SimulatedStation): Promise<void> {
    // What ends takes no virtual time, but may wait for what virtual time would have brought.
    const closing = station.close();
    let isClosed = false;
    void closing.finally(() => (isClosed = true)).catch(() => undefined);
    await this.#time.run(this.#time.now + HOUR, () => isClosed);
    await closing;
  }
}
