/** Opens the store: the encrypted file, its tables, the clock where it stood. */
import { join } from 'node:path';
import { HybridClock, newId } from '../../contract/index.ts';
import { STORE_ID_KEY } from './anchor-check.ts';
import { CLOCK_KEY, ClinicStore } from './clinic-store.ts';
import { STORE_FILE } from './cipher-file.ts';
import { openEncryptedFile } from './encrypted-file.ts';
import { SqliteConnection } from './rx-storage-sqlite/index.ts';
import { readStationValue, writeStationValue } from './station-values.ts';
import { StoreFile } from './store-file.ts';
import { storeProblem } from './store-problem.ts';
import type { Store, StoreLog } from './types.ts';

export interface StoreOptions {
  /** Made if missing, for its owner only. */
  readonly directory: string;
  /** The station's master key, 32 bytes; the store's own is derived from it. */
  readonly key: Uint8Array;
  /** ms since 1970. */
  readonly now: () => number;
  readonly stationId: string;
  readonly log?: StoreLog;
  /** Frees some room when the disk has none left, and says whether it did: what was refused is written once more. */
  readonly makeRoom?: () => boolean;
  /**
   * What is opened is more than the store, and may yet be refused: until `settle` a log that a killed station left is not written back,
   * and `close` leaves it as it was.
   */
  readonly mayRefuse?: boolean;
}

/**
 * One store at a time per process: RxDB's open core allows 13 collections, and the clinic has 11.
 * @throws VantageError KEY_WRONG, STORE_DAMAGED, STORE_SWAPPED, STORE_NEWER, SECOND_INSTANCE, DISK_FULL, DISK_FAILED; nothing was
 * overwritten
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const at = new Date(options.now()).toISOString();
  const opened = openEncryptedFile(options.directory, options.key, at);
  const { sqlite, key, anchored } = opened;
  try {
    const connection = new SqliteConnection(sqlite);
    const known = readStationValue(sqlite, STORE_ID_KEY);
    const storeId = known ?? newId();
    if (known === null) writeStationValue(sqlite, STORE_ID_KEY, storeId);
    const clock = new HybridClock(options.stationId, options.now);
    const last = readStationValue(sqlite, CLOCK_KEY);
    if (last !== null && clock.observe(last).rebased) {
      options.log?.warn({ last }, 'the clock was set back far: it goes on from the new time');
    }
    const databaseName = `clinic-${storeId}`;
    const stamper = { clock, stationId: options.stationId, now: options.now, lastTick: null };
    const file = new StoreFile(join(options.directory, STORE_FILE));
    const { log, makeRoom, mayRefuse = false } = options;
    if (!mayRefuse) opened.settle();
    return new ClinicStore({ storeId, anchored, opened, file, key, connection, databaseName, stamper, log, makeRoom });
  } catch (error) {
    opened.close();
    throw storeProblem(error);
  }
}
