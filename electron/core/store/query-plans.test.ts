/** No query reads a whole collection where an index could tell: SQLite is asked how it runs what our storage gives it. */
import BetterSqlite from 'better-sqlite3-multiple-ciphers';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fillWithDefaultSettings, normalizeMangoQuery, prepareQuery } from 'rxdb';
import type { MangoQuerySortPart, RxDocumentData, RxJsonSchema } from 'rxdb';
import { afterAll, describe, expect, it } from 'vitest';
import { documentIndexes } from '../../contract/index.ts';
import type { CollectionName } from '../../contract/index.ts';
import { SqliteConnection, getRxStorageSqlite } from './rx-storage-sqlite/index.ts';
import { COLLECTION_NAMES, rxSchemaOf } from './schemas.ts';
import { temporaryFolder } from './testing/documents.ts';
import { thingSchema } from './testing/rx-storages.ts';

type Fields = Readonly<Record<string, unknown>>;
type Schema = RxJsonSchema<RxDocumentData<Fields>>;
interface Query {
  readonly selector: Fields;
  readonly sort?: MangoQuerySortPart<Fields>[];
  readonly limit?: number;
}

const folder = temporaryFolder();
const statements: string[] = [];
const sqlite = new BetterSqlite(join(folder.path, 'plans.db'), { verbose: (sql) => statements.push(String(sql)) });
const connection = new SqliteConnection(sqlite);
const storage = getRxStorageSqlite({ open: () => connection });
afterAll(() => {
  sqlite.close();
  folder.remove();
});

/** What SQLite says it does for the query, and for its count. */
async function plansOf(collectionName: string, schema: Schema, query: Query): Promise<string[]> {
  const instance = await storage.createStorageInstance<Fields>({
    databaseInstanceToken: 'token',
    databaseName: 'plans',
    collectionName,
    schema,
    options: {},
    multiInstance: false,
    devMode: false,
  });
  const mango = { ...query, selector: { ...query.selector, _deleted: { $eq: false } } };
  const asked = prepareQuery<Fields>(schema, normalizeMangoQuery<Fields>(schema, mango));
  statements.length = 0;
  await instance.query(asked);
  await instance.count(asked);
  const reads = statements.filter((sql) => sql.includes(`FROM "rx:${collectionName}:`));
  await instance.close();
  return reads.map((sql) =>
    sqlite
      .prepare<[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
      .all()
      .map(({ detail }) => detail)
      .join('; '),
  );
}

/** The text between a bracket at `start` and the one that closes it. */
function bracketed(text: string, start: number): string {
  let depth = 0;
  for (let index = start; index < text.length; index += 1) {
    if ('{[('.includes(text.charAt(index))) depth += 1;
    if ('}])'.includes(text.charAt(index))) depth -= 1;
    if (depth === 0) return text.slice(start + 1, index);
  }
  throw new Error('a bracket is not closed');
}

/** `name: value` and `name` of an object literal, without what lies deeper. */
function entriesOf(literal: string): [name: string, value: string][] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let index = 0; index <= literal.length; index += 1) {
    const character = literal.charAt(index);
    if ('{[('.includes(character) && character !== '') depth += 1;
    if ('}])'.includes(character) && character !== '') depth -= 1;
    if (depth > 0 || (character !== ',' && index < literal.length)) continue;
    parts.push(literal.slice(from, index).trim());
    from = index + 1;
  }
  return parts
    .filter((part) => part !== '')
    .map((part) => {
      const colon = part.indexOf(':');
      return colon === -1 ? [part, part] : [part.slice(0, colon).trim(), part.slice(colon + 1).trim()];
    });
}

interface Use {
  readonly where: string;
  readonly collection: CollectionName;
  readonly query: Query;
}

/** Every query of the store that core's source text has, with values of our own. */
function usesIn(path: string): Use[] {
  const text = readFileSync(path, 'utf8');
  const uses: Use[] = [];
  for (const call of text.matchAll(/\.(?:find|count|watch)\(\s*'(\w+)'/g)) {
    const collection = COLLECTION_NAMES.find((name) => name === call[1]);
    if (collection === undefined) continue;
    const options = bracketed(text, text.indexOf('(', call.index));
    const selector: Record<string, unknown> = {};
    const at = options.search(/selector:\s*\{/);
    if (at !== -1) {
      for (const [field, value] of entriesOf(bracketed(options, options.indexOf('{', at)))) {
        if (value.includes('$in')) selector[field] = { $in: ['a', 'b', 'c', 'd'] };
        else selector[field] = value === 'null' ? null : 'a';
      }
    }
    const sort = [...(/sort:\s*\[(.*?)\]/s.exec(options)?.[1] ?? '').matchAll(/(\w+):\s*'(asc|desc)'/g)];
    const where = `${path}:${text.slice(0, call.index).split('\n').length}`;
    const ordered = sort.map(
      ([, field, direction]) => ({ [String(field)]: direction === 'desc' ? 'desc' : 'asc' }) as const,
    );
    uses.push({ where, collection, query: { selector, ...(ordered.length === 0 ? {} : { sort: ordered }) } });
  }
  return uses;
}

describe('the queries of core', () => {
  const core = join(import.meta.dirname, '..');
  const uses = readdirSync(core, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.includes('testing'))
    .flatMap((path) => usesIn(join(core, path)));

  it('are found in its source', () => {
    expect(uses.length).toBeGreaterThan(20);
    expect(uses).toContainEqual(
      expect.objectContaining({
        collection: 'captures',
        query: { selector: { state: { $in: ['a', 'b', 'c', 'd'] }, releasedAt: null } },
      }),
    );
  });

  it.each(uses.map((use) => [use.where.slice(core.length + 1), use] as const))('use an index: %s', async (_, use) => {
    const schema = fillWithDefaultSettings<Fields>(rxSchemaOf(use.collection) as unknown as RxJsonSchema<Fields>);
    const indexes: readonly (readonly string[])[] = documentIndexes[use.collection];
    const indexed = indexes.map(([first]) => String(first)).filter((field) => field in use.query.selector);
    for (const plan of await plansOf(use.collection, schema, use.query)) {
      const used = indexed.filter((field) => plan.includes(`v:${field}=?`));
      expect({ plan, indexed, used: used.length > 0 }).toEqual({ plan, indexed, used: indexed.length > 0 });
    }
  });
});

it.each<[CollectionName, Query, string]>([
  ['captures', { selector: { deviceId: 'a', token: 'b' } }, '(deleted=? AND v:deviceId=? AND v:token=?)'],
  ['devices', { selector: { stationId: 'a' } }, '(deleted=? AND v:stationId=?)'],
])('what is asked for each picture and each start is found by an index: %s', async (collection, query, expected) => {
  const schema = fillWithDefaultSettings<Fields>(rxSchemaOf(collection) as unknown as RxJsonSchema<Fields>);
  const plans = await plansOf(collection, schema, query);
  expect(plans.length).toBeGreaterThan(0);
  for (const plan of plans) expect(plan).toContain(expected);
});

const index = (fields: string): string => `USING INDEX rx:typical:0 (deleted, ${fields}, id)`;

describe('other queries', () => {
  it.each<[string, Query, string]>([
    ['an id', { selector: { id: 'a' } }, '(id=?)'],
    ['ids', { selector: { id: { $in: ['a', 'b', 'c'] } } }, 'id=?)'],
    ['an equality', { selector: { name: 'a' } }, `${index('v:name')} (deleted=? AND v:name=?)`],
    [
      'an equality and a range of one index',
      { selector: { flag: true, age: { $gt: 1, $lte: 9 } } },
      `${index('v:flag, v:age')} (deleted=? AND v:flag=? AND v:age>? AND v:age<?)`,
    ],
    ['an open range', { selector: { name: { $lt: 'm' } } }, '(deleted=? AND v:name>? AND v:name<?)'],
    ['many values', { selector: { name: { $in: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] } } }, '(deleted=? AND v:name=?)'],
    [
      'values of the second field',
      { selector: { flag: false, age: { $in: [1, 2, 3] } } },
      '(deleted=? AND v:flag=? AND v:age=?)',
    ],
    ['a deep path', { selector: { 'nested.deep.value': { $gte: 3 } } }, '(deleted=? AND v:nested.deep.value>?)'],
    ['nothing, sorted', { selector: {}, sort: [{ name: 'asc' }] }, index('v:name')],
    [
      'nothing, sorted downwards',
      { selector: {}, sort: [{ name: 'desc' }, { id: 'desc' }], limit: 10 },
      index('v:name'),
    ],
    [
      'a sort within an equality',
      { selector: { flag: true }, sort: [{ age: 'asc' }], limit: 5 },
      '(deleted=? AND v:flag=?)',
    ],
    [
      'what no index knows beside what one knows',
      { selector: { name: 'a', other: { $regex: 'x' } } },
      '(deleted=? AND v:name=?)',
    ],
    ['null', { selector: { name: null } }, '(deleted=? AND v:name=?)'],
  ])('use an index for %s', async (_, query, expected) => {
    const [plan, ...others] = await plansOf('typical', thingSchema() as unknown as Schema, query);
    expect(plan?.replace('COVERING ', '')).toContain(expected);
    for (const detail of [plan, ...others]) expect(detail).not.toMatch(/\bSCAN\b/);
    // What is sorted by an index is not sorted again.
    expect([plan, query.sort !== undefined && plan?.includes('TEMP B-TREE')]).toEqual([plan, false]);
  });

  it('use an index for each branch of an $or', async () => {
    const query = { selector: { $or: [{ name: 'a' }, { flag: true, age: 3 }, { id: 'x' }] } };
    for (const plan of await plansOf('typical', thingSchema() as unknown as Schema, query)) {
      expect(plan).toContain('MULTI-INDEX OR');
      expect(plan).toContain('(deleted=? AND v:name=?)');
      expect(plan).toContain('(deleted=? AND v:flag=? AND v:age=?)');
      expect(plan).not.toMatch(/\bSCAN\b/);
    }
  });
});
