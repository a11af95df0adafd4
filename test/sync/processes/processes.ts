/**
 * The same with real processes, sockets and disks: the API and every station each in a process of its own, a TCP proxy before each
 * station that delays, swallows, cuts and refuses, `kill -9` of stations and of the API at random instants, clocks that jump. Then
 * everything heals, and must come together.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { derivedId, newId } from '../../../electron/contract/index.ts';
import { openStore } from '../../../electron/core/store/index.ts';
import { newKeyPem, stationKeyOf } from '../../../electron/core/sync/station-key.ts';
import { freePort } from '../../../workflows/database/free-port.ts';
import { Random } from '../../fixtures/random.ts';
import type { CloudClinic } from '../cloud-database.ts';
import { CloudDatabase, apiEnvironment } from '../cloud-database.ts';
import { contentHash, differenceOf } from '../content.ts';
import { Journal } from '../journal.ts';
import { keptDocuments } from '../kept-documents.ts';
import { Oracle } from '../oracle.ts';
import { STORE_KEY } from '../store-key.ts';
import type { SyncProof } from '../sync-proof.ts';
import { Child } from './child.ts';
import type { FromStation, StationOptions, ToStation } from './messages.ts';
import type { Weather } from './proxy.ts';
import { FINE, TcpProxy } from './proxy.ts';

const CI = { stations: 3, workMs: 60_000 } as const;
const FULL = { stations: 5, workMs: 10 * 60_000 } as const;
/** Longest that it may take to come together again: half-open connections have to be noticed first. */
const HEALING_MS = 4 * 60_000;
const HOUR = 3_600_000;
const CLOCK_JUMPS = [0, HOUR, -HOUR, 365 * 24 * HOUR, -365 * 24 * HOUR];
const MOST_NAMED = 12;
const API = join(import.meta.dirname, '..', '..', '..', 'workflows', 'api', 'main.ts');
const STATION = join(import.meta.dirname, 'station-process.ts');

export const processesProof: SyncProof = async ({ full, seed, server, stations, unsafeControl }) => {
  if (unsafeControl) {
    console.log('processes: has no control of its own; that of the simulation has the same oracle');
    return { passed: 1, failures: [] };
  }
  const size = full ? FULL : CI;
  const folder = mkdtempSync(join(tmpdir(), 'vantage-sync-processes-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const database = await CloudDatabase.create(server, 'sync_processes');
  const proof = new Processes({ database, folder, seed });
  try {
    await proof.begin(stations ?? size.stations);
    await proof.work(size.workMs);
    return await proof.end();
  } finally {
    await proof.stop();
    await database.drop();
  }
};

interface ProofParts {
  readonly database: CloudDatabase;
  readonly folder: string;
  readonly seed: number;
}

class Processes {
  readonly #parts: ProofParts;
  readonly #clinic: CloudClinic = { tenantId: newId(), locationId: newId() };
  readonly #random: Random;
  readonly #stations: Station[] = [];
  readonly #counts = { kills: 0, apiKills: 0, weathers: 0, cuts: 0, clockJumps: 0 };
  #api: Child<never, never> | null = null;
  #apiPort = 0;
  #environment: Readonly<Record<string, string>> = {};

  constructor(parts: ProofParts) {
    this.#parts = parts;
    this.#random = new Random(parts.seed);
  }

  async begin(stations: number): Promise<void> {
    const { database, folder, seed } = this.#parts;
    await database.makeClinic(this.#clinic);
    this.#apiPort = await freePort();
    this.#environment = {
      ...apiEnvironment(database.apiUrl, 'https://cloud.test', this.#apiPort),
      FILES_FOLDER: join(folder, 'files'),
    };
    this.#startApi();
    await this.#apiAnswers();
    for (let index = 0; index < stations; index += 1) {
      const stationId = derivedId('sync-proof', this.#clinic.tenantId, 'station', index);
      const keyPem = newKeyPem();
      await database.addStation(this.#clinic, stationId, stationKeyOf(keyPem));
      const proxy = await TcpProxy.start(() => this.#apiPort);
      const station = new Station(proxy, {
        directory: join(folder, `station-${index}`),
        seed,
        index,
        stationId,
        clinic: this.#clinic,
        keyPem,
        cloudAddress: `http://127.0.0.1:${proxy.port}`,
      });
      this.#stations.push(station);
      station.start();
    }
    for (const station of this.#stations) await station.isUp();
  }

  /** Trouble of every kind, one after the other and several at a time. */
  async work(ms: number): Promise<void> {
    const until = performance.now() + ms;
    while (performance.now() < until) {
      await sleep(this.#random.between(200, 2500));
      await this.#trouble();
      const dead = this.#stations.find((station) => station.child?.diedByItself === true);
      if (dead !== undefined) throw new Error(`a station ended by itself: ${dead.child?.errors}`);
      if (this.#api?.diedByItself === true) throw new Error(`the API ended by itself: ${this.#api.errors}`);
    }
  }

  async #trouble(): Promise<void> {
    const random = this.#random;
    const station = random.pick(this.#stations);
    const chance = random.next();
    if (chance < 0.35) {
      this.#counts.weathers += 1;
      station.proxy.weather = weatherOf(random);
    } else if (chance < 0.5) {
      station.proxy.weather = FINE;
    } else if (chance < 0.65) {
      this.#counts.cuts += 1;
      station.proxy.cut();
    } else if (chance < 0.8) {
      this.#counts.kills += 1;
      await station.kill();
      await sleep(random.between(0, 1500));
      station.start();
      // Some die again before they are up.
      if (random.next() < 0.7) await station.isUp();
    } else if (chance < 0.9) {
      this.#counts.apiKills += 1;
      await this.#api?.kill();
      await sleep(random.between(0, 3000));
      this.#startApi();
    } else {
      this.#counts.clockJumps += 1;
      station.clockOffset = random.pick(CLOCK_JUMPS);
      station.child?.send({ kind: 'clock', offsetMs: station.clockOffset });
    }
  }

  async end() {
    const { database } = this.#parts;
    for (const station of this.#stations) {
      station.proxy.weather = FINE;
      if (station.child?.hasEnded !== false) station.start();
      await station.isUp();
      station.child?.send({ kind: 'rest' });
    }
    await this.#apiAnswers();
    const began = performance.now();
    let waiting = 'nothing was asked';
    while (waiting !== '' && performance.now() - began < HEALING_MS) {
      await sleep(1000);
      waiting = await this.#waitingFor();
    }
    const healedInS = Math.round((performance.now() - began) / 1000);
    for (const station of this.#stations) await station.kill();
    const failures = waiting === '' ? [] : [`not the same everywhere after ${healedInS} s: ${waiting}`];
    const cloud = await database.documents(this.#clinic);
    const oracle = new Oracle();
    for (const station of this.#stations) failures.push(...(await this.#judge(station, oracle, cloud)));
    const wrong = oracle.failuresOf(cloud);
    failures.push(...wrong.slice(0, MOST_NAMED));
    if (wrong.length > MOST_NAMED) failures.push(`... ${wrong.length} of these in all`);
    const quarantined = await database.quarantined(this.#clinic);
    if (quarantined.length > 0) failures.push(`in quarantine: ${quarantined.slice(0, MOST_NAMED).join(', ')}`);
    const { kills, apiKills, weathers, cuts, clockJumps } = this.#counts;
    console.log(
      `${this.#stations.length} stations: ${oracle.writes} writes of ${oracle.documents} documents; ${kills} stations and ` +
        `${apiKills} APIs killed, ${cuts} cuts, ${weathers} times a bad line, ${clockJumps} clock jumps; ` +
        `the same everywhere ${healedInS} s after the end of it`,
    );
    if (oracle.writes === 0) failures.push('nothing was ever written');
    return { passed: failures.length === 0 ? this.#stations.length + 1 : 0, failures: failures.map(named) };
  }

  /** What is not as it must be yet; empty: nothing. */
  async #waitingFor(): Promise<string> {
    const hash = contentHash(await this.#parts.database.documents(this.#clinic));
    for (const station of this.#stations) {
      const report = await station.report();
      if (report === null) return `station ${station.index} does not answer: ${station.child?.errors}`;
      const is = `station ${station.index} (${report.state})`;
      if (report.unpushed !== 0) return `${is} has ${report.unpushed} documents that are not acknowledged`;
      if (report.contentHash !== hash) return `${is} has another content than the cloud`;
    }
    return '';
  }

  /** Its file, now that its process is gone: what was acknowledged is in it, and it has what the cloud has. */
  async #judge(station: Station, oracle: Oracle, cloud: Awaited<ReturnType<CloudDatabase['documents']>>) {
    const { directory, stationId } = station.options;
    const store = await openStore({ directory, key: STORE_KEY, now: Date.now, stationId });
    try {
      const journal = new Journal(store.sqlite);
      for (const entry of journal.entries()) oracle.add(entry);
      const difference = differenceOf(keptDocuments(store.sqlite), cloud);
      return [
        ...(journal.last() < station.acknowledged
          ? [`station ${station.index} acknowledged write ${station.acknowledged} and has ${journal.last()}`]
          : []),
        ...(difference === null ? [] : [`station ${station.index} ${difference}`]),
      ];
    } finally {
      await store.close();
    }
  }

  async stop(): Promise<void> {
    for (const station of this.#stations) {
      await station.kill();
      await station.proxy.stop();
    }
    await this.#api?.kill();
  }

  #startApi(): void {
    this.#api = new Child(API, '', { ...process.env, ...this.#environment }, () => undefined);
  }

  async #apiAnswers(): Promise<void> {
    for (;;) {
      if (this.#api?.hasEnded !== false) throw new Error(`the API did not start: ${this.#api?.errors}`);
      const response = await fetch(`http://127.0.0.1:${this.#apiPort}/healthz`).catch(() => null);
      if (response?.status === 200) return;
      await sleep(50);
    }
  }
}

/** Longest that a station may take to open, or to answer. */
const ANSWER_MS = 60_000;

class Station {
  readonly proxy: TcpProxy;
  readonly options: StationOptions;
  child: Child<ToStation, FromStation> | null = null;
  /** The last write of which its people were told that it is safe. */
  acknowledged = 0;
  clockOffset = 0;
  #up = Promise.withResolvers<void>();
  #reports: ((report: Extract<FromStation, { readonly kind: 'report' }>) => void)[] = [];

  constructor(proxy: TcpProxy, options: StationOptions) {
    this.proxy = proxy;
    this.options = options;
  }

  get index(): number {
    return this.options.index;
  }

  start(): void {
    this.#up = Promise.withResolvers<void>();
    const up = this.#up;
    this.child = new Child(STATION, JSON.stringify(this.options), process.env, (message: FromStation) => {
      if (message.kind === 'up') up.resolve();
      else if (message.kind === 'acknowledged') this.acknowledged = message.number;
      else for (const told of this.#reports.splice(0)) told(message);
    });
  }

  async isUp(): Promise<void> {
    const late = sleep(ANSWER_MS, 'late' as const, { ref: false });
    const outcome = await Promise.race([this.#up.promise, late]);
    if (outcome === 'late') throw new Error(`station ${this.index} did not open: ${this.child?.errors}`);
  }

  /** null: it does not answer. */
  async report() {
    const answered = new Promise<Extract<FromStation, { readonly kind: 'report' }>>((resolve) =>
      this.#reports.push(resolve),
    );
    this.child?.send({ kind: 'report' });
    return Promise.race([answered, sleep(ANSWER_MS, null, { ref: false })]);
  }

  async kill(): Promise<void> {
    await this.child?.kill();
  }
}

function weatherOf(random: Random): Weather {
  const silent = random.pick(['none', 'toCloud', 'fromCloud', 'both'] as const);
  return {
    toCloud: silent === 'toCloud' || silent === 'both' ? 'silent' : 'open',
    fromCloud: silent === 'fromCloud' || silent === 'both' ? 'silent' : 'open',
    refuses: random.next() < 0.2,
    delayMs: random.pick([0, 0, 30, 200, 1500]),
  };
}

function named(failure: string): string {
  return `processes: ${failure}`;
}
