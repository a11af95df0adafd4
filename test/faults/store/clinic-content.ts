/** Everything that a clinic holds, read back as its own parts read it: for comparing two, and for writing all of it out in plain. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { VantageError } from '../../../electron/contract/index.ts';
import { verifyAudit } from '../../../electron/core/audit/index.ts';
import { stationIdOf } from '../../../electron/core/station.ts';
import { openStore } from '../../../electron/core/store/index.ts';
import type { Store } from '../../../electron/core/store/index.ts';
import { storeProblem } from '../../../electron/core/store/store-problem.ts';
import { openVault, readBlob } from '../../../electron/core/vault/index.ts';
import { QUIET } from './quiet.ts';

export interface ClinicContent {
  /** Where it stands -> SHA-256 of it: a row of a table, a stored file. */
  readonly content: ReadonlyMap<string, string>;
  /** What the clinic says is wrong: "what: CODE detail". */
  readonly problems: readonly string[];
  /** The code with which it refused to open, or null. */
  readonly refused: string | null;
}

/** Gets each value as it is read. */
export type Taker = (place: string, bytes: Buffer) => void;

/** @param masterKey asked for first; what it throws is a refusal. */
export async function readClinic(
  directory: string,
  masterKey: () => Promise<Uint8Array>,
  take: Taker = () => undefined,
): Promise<ClinicContent> {
  const reader = new Reader(take);
  let store: Store | null = null;
  let refused: string | null = null;
  try {
    const key = await masterKey();
    const stationId = stationIdOf(directory);
    store = await openStore({ directory, key, now: Date.now, stationId, log: QUIET, mayRefuse: true });
    if (store.anchored.found !== null) reader.problem('anchor', new VantageError(store.anchored.found.code));
    reader.store(store);
    await readVault(directory, store, key, reader);
    // As a clinic does when it is open.
    store.settle();
  } catch (error) {
    refused = reader.problem('opening', error);
  } finally {
    await store?.close();
  }
  return { content: reader.content, problems: reader.problems, refused };
}

/** The files, each by its id. */
async function readVault(directory: string, store: Store, masterKey: Uint8Array, reader: Reader): Promise<void> {
  const vault = await openVault({
    directory: join(directory, 'vault'),
    database: store.sqlite,
    masterKey,
    now: () => new Date(),
    log: QUIET,
    reserveBytes: 0,
  });
  for (const blobId of vault.swept.missingBlobIds)
    reader.problem(`file ${blobId}`, new VantageError('BLOB_DAMAGED', 'missing'));
  const blobIds = reader.try('vault_blobs', () =>
    store.sqlite.prepare<[], string>('SELECT blob_id FROM vault_blobs').pluck().all(),
  );
  for (const blobId of blobIds ?? []) {
    try {
      const bytes = Buffer.from(await readBlob(vault.grantRead(blobId)));
      await vault.verify(blobId);
      reader.put(`file ${blobId}`, bytes);
    } catch (error) {
      reader.problem(`file ${blobId}`, error);
    }
  }
}

class Reader {
  readonly content = new Map<string, string>();
  readonly problems: string[] = [];
  readonly #take: Taker;

  constructor(take: Taker) {
    this.#take = take;
  }

  put(place: string, bytes: Buffer): void {
    this.content.set(place, createHash('sha256').update(bytes).digest('hex'));
    this.#take(place, bytes);
  }

  /** @returns the code; `INTERNAL` for what is no problem of the contract */
  problem(what: string, error: unknown): string {
    const known = storeProblem(error);
    const code = known instanceof VantageError ? known.code : 'INTERNAL';
    const detail = known instanceof VantageError ? known.detail : String(error);
    this.problems.push(`${what}: ${code} ${detail}`.trim());
    return code;
  }

  try<T>(what: string, read: () => T): T | null {
    try {
      return read();
    } catch (error) {
      this.problem(what, error);
      return null;
    }
  }

  store(store: Store): void {
    const { sqlite } = store;
    const tables = this.try('tables', () =>
      sqlite.prepare<[], string>(`SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`).pluck().all(),
    );
    for (const table of tables ?? []) {
      this.try(`table ${table}`, () => {
        const columns = sqlite.prepare<[string], string>('SELECT name FROM pragma_table_info(?) WHERE pk > 0');
        const keys = columns.pluck().all(table);
        for (const row of sqlite.prepare<[], Record<string, unknown>>(`SELECT * FROM "${table}"`).iterate()) {
          const key = keys.map((name) => String(row[name])).join(' ');
          const text = JSON.stringify(row, (_key, value: unknown) =>
            typeof value === 'bigint' ? String(value) : value,
          );
          this.put(`row ${table} ${key === '' ? text : key}`, Buffer.from(text));
        }
      });
    }
    const integrity = store.integrityCheck();
    for (const problem of integrity.problems) this.problems.push(`integrity: STORE_DAMAGED ${problem}`);
    const audit = this.try('audit', () => verifyAudit(store));
    if (audit !== null && !audit.ok) this.problems.push(`audit: broken at ${audit.firstBad}`);
  }
}
