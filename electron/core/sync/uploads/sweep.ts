/**
 * Puts the queue right, once after each start: every file that a document names and the vault has is in it, and nothing else. For
 * stores from before there was a queue, and for what came by another way (a backup, replication). In steps, so that nobody waits.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CollectionName, DocumentOf } from '../../../contract/index.ts';
import { prepared } from '../../store/prepared.ts';
import type { Store, StoreTransaction } from '../../store/index.ts';
import type { StoreQuery } from '../../store/types.ts';
import { ARTEFACT_COLLECTIONS } from './artefacts.ts';
import { forgetUnnamed, noteArtefacts } from './note-artefacts.ts';
import { releaseHeld } from './upload-rows.ts';

/** Documents in one transaction: a few milliseconds. */
const STEP = 100;

export interface SweepOptions {
  readonly store: Store;
  /** This station: values that others measured are theirs to bring to the cloud. */
  readonly stationId: string;
  readonly signal: AbortSignal;
}

/** @returns how many rows were put right. @throws VantageError DISK_FULL, DISK_FAILED; the signal's reason */
export async function sweepQueue(options: SweepOptions): Promise<number> {
  const { store, signal } = options;
  const seen = new Set<string>();
  let mended = 0;
  for (const name of ARTEFACT_COLLECTIONS) mended += await noteAll(options, name, seen);
  mended += await forgetGone(options, seen);
  signal.throwIfAborted();
  // Files that went without their row being told: a row from a backup, a table that was salvaged.
  await store.transaction((tx) => {
    const { changes } = prepared(
      tx.sqlite,
      `UPDATE uploads SET state = 'gone', first = 0
       WHERE state IN ('waiting', 'differs', 'held', 'stored', 'verified') AND NOT EXISTS (SELECT 1 FROM vault_blobs WHERE vault_blobs.sha256 = uploads.sha256)`,
    ).run();
    mended += changes;
    // What could not be read then may be readable now.
    releaseHeld(tx.sqlite);
  });
  return mended;
}

/** Notes one document as it is now, whoever wrote it. Within a transaction. @returns whether anything was not as it should be. */
export function noteAgain<N extends CollectionName>(
  tx: StoreTransaction,
  name: N,
  id: string,
  document: DocumentOf<N> | null,
  stationId: string,
): boolean {
  const visitOf = (sessionId: string): DocumentOf<'sessions'> | null => tx.get('sessions', sessionId);
  const withRecords = document?.stationId === stationId;
  return noteArtefacts(tx.sqlite, { name, id, document, withRecords }, visitOf);
}

async function noteAll(
  { store, stationId, signal }: SweepOptions,
  name: CollectionName,
  seen: Set<string>,
): Promise<number> {
  let mended = 0;
  for (let after = ''; ;) {
    signal.throwIfAborted();
    const query = { selector: { id: { $gt: after } }, sort: [{ id: 'asc' }], limit: STEP };
    const page = await store.transaction((tx) => {
      const documents = tx.find(name, query as unknown as StoreQuery<CollectionName>);
      for (const document of documents) {
        seen.add(document.id);
        if (noteAgain(tx, name, document.id, document, stationId)) mended += 1;
      }
      return documents;
    });
    const last = page.at(-1);
    if (last === undefined || page.length < STEP) return mended;
    after = last.id;
    await nextTurn();
  }
}

/** Rows of documents that are not there. */
async function forgetGone({ store, signal }: SweepOptions, seen: ReadonlySet<string>): Promise<number> {
  const select = `SELECT document_id AS id, part, sha256, collection FROM artefacts WHERE (document_id, part) > (?, ?)
    ORDER BY document_id, part LIMIT ?`;
  let mended = 0;
  for (let after = { id: '', part: '' }; ;) {
    signal.throwIfAborted();
    const page = await store.transaction((tx) => {
      const rows = prepared(tx.sqlite, select).all(after.id, after.part, STEP) as {
        readonly id: string;
        readonly part: string;
        readonly sha256: string | null;
        readonly collection: CollectionName;
      }[];
      for (const { id, part, sha256, collection } of rows) {
        // Written since the documents were looked at.
        if (seen.has(id) || tx.get(collection, id) !== null) continue;
        prepared(tx.sqlite, 'DELETE FROM artefacts WHERE document_id = ? AND part = ?').run(id, part);
        if (sha256 !== null) forgetUnnamed(tx.sqlite, sha256);
        mended += 1;
      }
      return rows;
    });
    const last = page.at(-1);
    if (last === undefined || page.length < STEP) return mended;
    after = last;
    await nextTurn();
  }
}
