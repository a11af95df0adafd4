/**
 * Deletions that the cloud lets go of while a station is away for longer than they are kept. It is told to read everything again: what
 * was deleted meanwhile has to go there, what was changed there has to stay, and come back everywhere.
 */
import type { PullRequest } from '../../../electron/contract/index.ts';
import type { Random } from '../../fixtures/random.ts';
import type { CloudClinic, CloudDatabase } from '../cloud-database.ts';
import type { Kept, Oracle } from '../oracle.ts';
import type { Handle } from './network.ts';
import type { Writer } from '../writer.ts';
import type { SimulatedStation } from './station.ts';

const MINUTE = 60_000;
/** How long deletions are kept here: longer than anything is on its way. */
const KEPT_MS = 5 * MINUTE;
/** When there is something to delete, somebody goes away and comes back, others delete, and is purged, in minutes. */
const BEGINNING = [0, 0.5] as const;
const AWAY = [1.2, 2] as const;
const DELETIONS = [2.2, 3] as const;
const BACK = [11, 11.5] as const;
const PURGES = [
  [10.2, 10.9],
  [11.6, 11.9],
] as const;
const CUT_MS = 5000;
/** Bytes of a page: some documents, or most of a collection. */
const PAGE_BYTES = [1500, 6000] as const;

export interface PurgesOptions {
  readonly random: Random;
  readonly clinic: CloudClinic;
  readonly database: CloudDatabase;
  readonly oracle: Oracle;
  readonly stations: readonly SimulatedStation[];
  readonly writer: (station: SimulatedStation) => Writer;
  readonly at: (ms: number, act: () => void | Promise<void>) => void;
  readonly note: (text: string) => void;
  /** Nobody is told, as no cloud may. */
  readonly silently: boolean;
}

export class Purges {
  readonly #options: PurgesOptions;
  /** Deletions that are gone. */
  purged = 0;

  constructor(options: PurgesOptions) {
    this.#options = options;
  }

  /** @param cut takes a station's line away for so long */
  plan(cut: (station: SimulatedStation, lengthMs: number) => void): void {
    const { random, stations, at, database, writer } = this.#options;
    const station = random.pick(stations);
    const minutes = ([from, to]: readonly [number, number]): number => random.between(from * MINUTE, to * MINUTE);
    const [away, back] = [minutes(AWAY), minutes(BACK)];
    // Again and again: a station that starts anew has a new line.
    for (let from = away; from < back; from += CUT_MS) at(from, () => cut(station, Math.min(CUT_MS, back - from)));
    for (const each of stations) {
      const people = writer(each);
      for (let index = 0; index < 4; index += 1) at(minutes(BEGINNING), async () => each.write(people));
      if (each !== station) at(minutes(DELETIONS), async () => each.write(people, { clears: true }));
    }
    for (const range of PURGES) {
      const purgeAt = minutes(range);
      at(purgeAt - KEPT_MS, async () => {
        const before = await database.instant();
        at(KEPT_MS, async () => this.#purge(before));
      });
    }
  }

  async #purge(before: Date): Promise<void> {
    const { stations, database, clinic, oracle, note, silently } = this.#options;
    // What is there of the documents can be asked of those who run.
    for (const station of stations) if (!station.isUp) await station.start();
    const keys = await database.purge(clinic, before, silently);
    this.purged += keys.length;
    note(`purged ${keys.join(', ')}`);
    const unpushed = stations.map((station) => station.unknownToCloud(keys));
    for (const key of keys)
      oracle.purge(
        key,
        unpushed.map((at) => at.get(key)).filter((kept) => kept !== undefined),
      );
  }
}

/** A cloud whose pages are smaller than what is asked for, so that reading from the beginning takes several. */
export function withSmallPages(handle: Handle, random: Random): Handle {
  const bytes = random.pick(PAGE_BYTES);
  return async (request) => {
    if (!request.path.endsWith('/pull')) return handle(request);
    const asked = JSON.parse(request.body ?? '') as PullRequest;
    return handle({ ...request, body: JSON.stringify({ ...asked, bytes }) });
  };
}

/** What a station has, without deletions that the cloud has let go of: whether it keeps them is its own affair. */
export function withoutPurged(here: ReadonlyMap<string, Kept>, cloud: ReadonlyMap<string, Kept>): Map<string, Kept> {
  return new Map([...here].filter(([key, { deleted }]) => !deleted || cloud.has(key)));
}
