/**
 * A process that writes with the product's own store and vault until it is killed or told to stop by a line on its standard
 * input. Says on its standard output, in a line each:
 *
 *     open                        the clinic is open
 *     batch N                     that batch's promise has resolved
 *     file N SHA-256              that file and the document naming it are acknowledged
 *     refused batch|file N CODE   nothing of it may be there; it is tried again
 *     released                    the reserve was given up for the batch that is acknowledged next
 *     stopped                     the clinic is closed
 *
 * Its one argument is JSON, see `WriterOptions`.
 */
import { mkdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { VantageError } from '../../../electron/contract/index.ts';
import { openReserveFile } from '../../../electron/core/reserve-file.ts';
import { keepAnchor, openStore } from '../../../electron/core/store/index.ts';
import type { Store } from '../../../electron/core/store/index.ts';
import { KEY, STATION } from '../../../electron/core/store/testing/documents.ts';
import { createBlobWriter, openVault } from '../../../electron/core/vault/index.ts';
import type { Vault } from '../../../electron/core/vault/index.ts';
import { Plan, fileAudit, fileDocument, plannedAudit, plannedDocument, plannedFile, plannedIntent } from './plan.ts';
import { Random } from '../../fixtures/random.ts';
import { QUIET } from './quiet.ts';
import { STATION_SIGNER } from './station-key.ts';

export interface WriterOptions {
  readonly directory: string;
  readonly seed: number;
  /** Batches and files that are there already; it goes on with the next. */
  readonly batches: number;
  readonly files: number;
  /** Documents in the largest batch, bytes of the largest file. */
  readonly largestBatch: number;
  readonly largestFile: number;
  /** Held on the disk for batches; 0 for none. */
  readonly reserveBytes: number;
  /** Switches flushing off, for the control. */
  readonly unsafe: boolean;
}

/** So that a full disk is not asked a thousand times a second. */
const AFTER_REFUSAL_MS = 20;
const LONGEST_PAUSE_MS = 12;
/** Much more often than in a clinic, so that a kill meets it. */
const ANCHOR_LAG_MS = 20;

const options = JSON.parse(process.argv[2] ?? '') as WriterOptions;
const { seed } = options;
const stop = new AbortController();

const say = (line: string): void => {
  writeSync(1, `${line}\n`);
};

const { directory } = options;
mkdirSync(directory, { recursive: true });
const reserve = openReserveFile({ directory, log: QUIET, bytes: options.reserveBytes });
if (options.reserveBytes > 0) await reserve.restore();
const store = await openStore({ directory, key: KEY, now: Date.now, stationId: STATION, makeRoom });
if (options.unsafe) store.sqlite.pragma('synchronous = OFF');
const vault = await openVault({
  directory: join(directory, 'vault'),
  database: store.sqlite,
  masterKey: KEY,
  now: () => new Date(),
  log: QUIET,
  reserveBytes: 0,
});
const anchor = await keepAnchor({
  store,
  directory,
  masterKey: KEY,
  signer: STATION_SIGNER,
  stationId: STATION,
  now: () => new Date(),
  log: QUIET,
  lagMs: ANCHOR_LAG_MS,
});
process.stdin.on('data', () => stop.abort());
say('open');
await Promise.all([writeBatches(store), writeFiles(store, vault)]);
await anchor.close();
await store.close();
say('stopped');
process.exit(0);

function makeRoom(): boolean {
  if (options.reserveBytes === 0 || !reserve.release()) return false;
  say('released');
  return true;
}

async function writeBatches(store: Store): Promise<void> {
  const plan = new Plan(seed, options.largestBatch).after(options.batches);
  const random = new Random(seed + options.batches);
  let batch = plan.next();
  while (!stop.signal.aborted) {
    try {
      await store.writeMany(
        batch.writes.map((write) => plannedDocument(seed, write)),
        { audit: plannedAudit(batch), intents: [plannedIntent(batch.number)] },
      );
      say(`batch ${batch.number}`);
      batch = plan.next();
    } catch (error) {
      say(`refused batch ${batch.number} ${nameOf(error)}`);
      await pause(AFTER_REFUSAL_MS);
    }
    // A batch is done before its promise is asked for: without a pause the files would never have their turn.
    await pause(random.between(0, LONGEST_PAUSE_MS));
  }
}

async function writeFiles(store: Store, vault: Vault): Promise<void> {
  let number = options.files + 1;
  while (!stop.signal.aborted) {
    try {
      const sha256 = await writeFile(store, vault, number);
      say(`file ${number} ${sha256}`);
      number += 1;
    } catch (error) {
      say(`refused file ${number} ${nameOf(error)}`);
      await pause(AFTER_REFUSAL_MS);
    }
  }
}

async function writeFile(store: Store, vault: Vault, number: number): Promise<string> {
  const content = plannedFile(seed, number, options.largestFile);
  const { pendingId, grant } = await vault.grantWrite({ subject: String(number) });
  try {
    const sink = await createBlobWriter(grant);
    try {
      for (let at = 0; at < content.length; at += 100_000) await sink.write(content.subarray(at, at + 100_000));
      const prepared = await vault.prepareCommit(pendingId, { ...(await sink.finish()), mediaType: 'image/jpeg' });
      const row = await store.transaction((tx) => {
        const inserted = vault.insertRow(prepared);
        tx.put('reports', fileDocument(number, inserted));
        tx.audit(fileAudit(number));
        return inserted;
      });
      return row.sha256;
    } catch (error) {
      await sink.abort();
      throw error;
    }
  } catch (error) {
    // On a disk without any room even this may be refused; the next start finds the grant.
    await vault.abandon(pendingId).catch(() => undefined);
    throw error;
  }
}

function nameOf(error: unknown): string {
  if (error instanceof VantageError) return error.code;
  return `not a problem of the contract: ${error instanceof Error ? error.message : String(error)}`;
}
