/**
 * Random documents, writes and queries, answered by our storage, by RxDB's matcher and comparator over all documents (the
 * definition), and by RxDB's memory storage. Ours must give what the definition gives, in that order; the memory storage must,
 * too, except where an indexed field is compared with null or a value of another type: it takes that for a bound of its index.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect, isDeepStrictEqual } from 'node:util';
import type { BulkWriteRow, RxStorageChangeEvent } from 'rxdb';
import { getRxStorageMemory } from 'rxdb/plugins/storage-memory';
import { Random } from '../fixtures/random.ts';
import { shrunk } from './shrink.ts';
import { dataOf, instanceOf, judged, prepared, sqliteFile } from './storages.ts';
import type { Instance, SqliteFile } from './storages.ts';
import { documentOf, idOf, queryOf, worldOf } from './worlds.ts';
import type { Data, Fields, Query, World } from './worlds.ts';

export interface EqualityResult {
  readonly queries: number;
  readonly writes: number;
  readonly worlds: number;
  /** Queries to which the memory storage answered something else than RxDB's matcher and comparator. */
  readonly memoryDeviations: number;
  readonly memoryExample: string | null;
  /** null: none. */
  readonly failure: string | null;
}

/** Queries between two batches of writes, and how many such rounds a collection lives. */
const QUERIES_PER_ROUND = 10;
const ROUNDS = 20;
const SHRINK_BUDGET = 3000;

interface Tally {
  queries: number;
  writes: number;
  worlds: number;
  memoryDeviations: number;
  memoryExample: string | null;
}

/** @param progress told after each collection how many queries were asked so far */
export async function proveEquality(
  seed: number,
  queries: number,
  progress: (asked: number) => void,
): Promise<EqualityResult> {
  const folder = mkdtempSync(join(tmpdir(), 'vantage-conformance-'));
  const tally: Tally = { queries: 0, writes: 0, worlds: 0, memoryDeviations: 0, memoryExample: null };
  // A cache that holds everything, and one that hardly holds anything.
  const files = [
    sqliteFile(folder, false, 1 << 24),
    sqliteFile(folder, true, 1 << 24),
    sqliteFile(folder, false, 1 << 12),
  ];
  try {
    while (tally.queries < queries) {
      const file = files[tally.worlds % files.length] as SqliteFile;
      const worldSeed = seed * 1_000_003 + tally.worlds;
      tally.worlds += 1;
      const failure = await proveWorld(worldSeed, file, tally, queries);
      progress(tally.queries);
      if (failure !== null) return { ...tally, failure: `world ${tally.worlds - 1} of seed ${seed}: ${failure}` };
    }
    return { ...tally, failure: null };
  } finally {
    for (const file of files) file.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function proveWorld(seed: number, file: SqliteFile, tally: Tally, queries: number): Promise<string | null> {
  const random = new Random(seed);
  const world = worldOf(random);
  const ours = await instanceOf(file.storage, world.schema);
  // Its indexes cannot hold what is not of the schema's type.
  const memory = world.mode === 'regular' ? await instanceOf(getRxStorageMemory(), world.schema) : null;
  const history = new History(world, ours, memory);
  try {
    for (let round = 0; round < ROUNDS && tally.queries < queries; round += 1) {
      const written = await history.write(rowsOf(random, world, history, round));
      if (written !== null) return written;
      tally.writes += 1;
      for (let index = 0; index < QUERIES_PER_ROUND; index += 1) {
        const query = queryOf(random, world);
        tally.queries += 1;
        const documents = [...history.documents.values()];
        const expected = judged(world.schema, documents, query);
        if (!(await agrees(ours, world, query, expected))) return await reported(world, file, documents, query);
        if (memory !== null && !(await agrees(memory, world, query, expected, false))) {
          const example = inspect(query, { depth: null, breakLength: Infinity });
          if (!comparesOtherTypes(query.selector, world)) return `the memory storage gives something else: ${example}`;
          tally.memoryDeviations += 1;
          tally.memoryExample ??= example;
        }
      }
    }
    return await history.end();
  } finally {
    await ours.remove();
    await memory?.remove();
  }
}

/** @param withCount the memory storage's count leaves skip and limit out, against RxDB's own definition. */
async function agrees(
  instance: Instance,
  { schema }: World,
  query: Query,
  expected: readonly Data[],
  withCount = true,
): Promise<boolean> {
  const asked = prepared(schema, query);
  const { documents } = await instance.query(asked);
  if (documents.length !== expected.length) return false;
  for (const [index, document] of documents.entries()) {
    const other = expected[index];
    if (document['id'] !== other?.['id'] || document._rev !== other?._rev) return false;
  }
  if (!withCount) return true;
  const { count, mode } = await instance.count(asked);
  return count === expected.length && mode === 'fast';
}

/** Only the uppermost fields of a selector bound the memory storage's indexes. */
function comparesOtherTypes(selector: Fields, { kinds, indexed }: World): boolean {
  const types = { string: 'string', number: 'number', decimal: 'number', boolean: 'boolean', list: '', items: '' };
  return Object.entries(selector).some(([path, operation]) => {
    const kind = kinds.get(path);
    if (kind === undefined || (path !== 'id' && !indexed.includes(path))) return false;
    return Object.values(operation as Fields).some(
      (operand) => typeof operand !== types[kind] && !Array.isArray(operand),
    );
  });
}

/** Writes of one collection, what came of them, and what a follower of its checkpoints sees. */
class History {
  readonly documents = new Map<string, Data>();
  readonly #ours: Instance;
  readonly #memory: Instance | null;
  readonly #events: [ours: unknown[], memory: unknown[]] = [[], []];
  readonly #followed = new Map<string, Data>();
  #checkpoint: unknown;

  constructor({ mode }: World, ours: Instance, memory: Instance | null) {
    this.#ours = ours;
    this.#memory = memory;
    if (mode !== 'regular') return;
    for (const [index, instance] of [ours, memory].entries()) {
      instance?.changeStream().subscribe(({ events, context }) => {
        this.#events[index as 0 | 1].push([context, ...events.map((event) => plainEvent(event))]);
      });
    }
  }

  async write(rows: readonly BulkWriteRow<Fields>[]): Promise<string | null> {
    const { error } = await this.#ours.bulkWrite([...rows], 'conformance');
    const refused = new Set(error.map((one) => one.documentId));
    for (const { document } of rows) {
      const id = String(document['id']);
      if (!refused.has(id)) this.documents.set(id, JSON.parse(JSON.stringify(document)) as Data);
    }
    const since = await this.#ours.getChangedDocumentsSince?.(1000, this.#checkpoint);
    for (const document of since?.documents ?? []) this.#followed.set(String(document['id']), document);
    this.#checkpoint = since?.checkpoint;
    if (this.#memory === null) return null;
    const theirs = await this.#memory.bulkWrite([...rows], 'conformance');
    if (!isDeepStrictEqual(error, theirs.error))
      return `other conflicts than memory: ${inspect({ rows, error, theirs }, { depth: 6 })}`;
    const [ourEvents, theirEvents] = this.#events;
    if (!isDeepStrictEqual(ourEvents.splice(0), theirEvents.splice(0))) {
      return `other events than memory: ${inspect(rows, { depth: 6 })}`;
    }
    return null;
  }

  async end(): Promise<string | null> {
    const expected = [...this.documents.values()];
    const ids = expected.map((document) => String(document['id']));
    const found = await this.#ours.findDocumentsById(ids, true);
    if (!isDeepStrictEqual(found, expected)) return 'documents by id are not what was written';
    const alive = await this.#ours.findDocumentsById(ids, false);
    if (alive.length !== expected.filter((document) => !document._deleted).length) return 'a tombstone was found by id';
    const followed = ids.map((id) => this.#followed.get(id));
    return isDeepStrictEqual(followed, expected) ? null : 'a follower of the checkpoints has other documents';
  }
}

function plainEvent(event: RxStorageChangeEvent<Fields>): unknown {
  // "None" is null in RxDB's helper and undefined in its types.
  return { ...event, previousDocumentData: event.previousDocumentData ?? null };
}

function rowsOf(random: Random, world: World, history: History, round: number): BulkWriteRow<Fields>[] {
  const rows = new Map<string, BulkWriteRow<Fields>>();
  const known = [...history.documents.keys()];
  const amount = round === 0 ? random.between(5, 60) : random.between(1, 6);
  for (let index = 0; index < amount; index += 1) {
    const isNew = known.length === 0 || random.next() < 0.4;
    const id = isNew ? idOf(random, random.between(0, 999)) : random.pick(known);
    const current = history.documents.get(id);
    const chance = random.next();
    const previous = current !== undefined && chance < 0.1 ? { ...current, _rev: '1-stale' } : current;
    const document = dataOf(documentOf(random, world, id), previous, random.next() < 0.15);
    rows.set(id, previous === undefined || chance > 0.95 ? { document } : { document, previous });
  }
  return [...rows.values()];
}

/** The smallest documents and query that still differ, on a collection of their own. */
async function reported(world: World, file: SqliteFile, documents: readonly Data[], query: Query): Promise<string> {
  interface Case {
    readonly documents: readonly Data[];
    readonly query: Query;
  }
  const differs = async (candidate: Case): Promise<boolean> => {
    if (!candidate.documents.every((document) => isWhole(document))) return false;
    const instance = await instanceOf(file.storage, world.schema);
    try {
      await instance.bulkWrite(
        candidate.documents.map((document) => ({ document })),
        'conformance',
      );
      const expected = judged(world.schema, candidate.documents, candidate.query);
      return !(await agrees(instance, world, candidate.query, expected));
    } catch {
      // What cannot be asked or written any more is not the same case.
      return false;
    } finally {
      await instance.remove();
    }
  };
  const original = { documents, query };
  if (!(await differs(original))) {
    return `only after what was written before: ${inspect(query, { depth: null })}`;
  }
  const smallest = await shrunk<Case>(original, differs, SHRINK_BUDGET);
  const expected = judged(world.schema, smallest.documents, smallest.query).map((document) => document['id']);
  return inspect({ indexes: world.schema.indexes, ...smallest, expected }, { depth: null });
}

/** Whether it has what every stored document has, so that only its own fields are left out. */
function isWhole(document: Partial<Data>): boolean {
  return (
    typeof document['id'] === 'string' &&
    typeof document._deleted === 'boolean' &&
    document._rev !== undefined &&
    document._meta?.lwt !== undefined &&
    document._attachments !== undefined
  );
}
