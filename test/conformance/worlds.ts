/** Schemas, documents and queries for the storage's equality proof, all from one seeded generator. */
import { fillWithDefaultSettings } from 'rxdb';
import type { RxDocumentData, RxJsonSchema } from 'rxdb';
import type { Random } from '../fixtures/random.ts';

export type Fields = Readonly<Record<string, unknown>>;
export type Data = RxDocumentData<Fields>;
export type Schema = RxJsonSchema<Data>;

/** What a selector or a sort of the generator may say; a plain object, so that it can be shrunk. */
export interface Query {
  readonly selector: Fields;
  readonly sort?: readonly Fields[];
  readonly skip?: number;
  readonly limit?: number;
}

/**
 * What documents hold. `regular`: what the schema says. `odd`: indexed fields may also be missing, null or of another type.
 * `arrays`: and arrays, into which the matcher looks.
 */
export type Mode = 'regular' | 'odd' | 'arrays';

export interface World {
  readonly schema: Schema;
  readonly mode: Mode;
  /** Field path -> what it holds. */
  readonly kinds: ReadonlyMap<string, FieldKind>;
  readonly indexed: readonly string[];
}

type FieldKind = 'string' | 'number' | 'decimal' | 'boolean' | 'list' | 'items';

const NUMBER = { type: 'number', minimum: -1000, maximum: 1000, multipleOf: 1 } as const;
const DECIMAL = { type: 'number', minimum: -100, maximum: 100, multipleOf: 0.01 } as const;
const TEXT = { type: 'string', maxLength: 20 } as const;
const BOOLEAN = { type: 'boolean' } as const;
const PROPERTIES = {
  id: TEXT,
  name: TEXT,
  city: TEXT,
  age: NUMBER,
  price: DECIMAL,
  flag: BOOLEAN,
  open: BOOLEAN,
  nested: {
    type: 'object',
    properties: {
      value: NUMBER,
      deep: { type: 'object', properties: { er: { type: 'object', properties: { text: TEXT } } } },
    },
  },
} as const;
const KINDS = new Map<string, FieldKind>([
  ['id', 'string'],
  ['name', 'string'],
  ['city', 'string'],
  ['note', 'string'],
  ['age', 'number'],
  ['rank', 'number'],
  ['price', 'decimal'],
  ['flag', 'boolean'],
  ['open', 'boolean'],
  ['nested.value', 'number'],
  ['nested.deep.er.text', 'string'],
  ['list', 'list'],
  ['items', 'items'],
]);
const INDEX_SETS: readonly (readonly (string | readonly string[])[])[] = [
  [],
  ['name', ['flag', 'age'], 'nested.value'],
  [['city', 'name', 'age'], ['age', 'price'], 'flag'],
  [['flag', 'open', 'nested.deep.er.text'], ['nested.value', 'name'], 'price'],
  [['name', 'city'], ['name', 'age'], ['open'], ['id', 'age']],
];

/** Where UTF-16 and UTF-8 order differently, halves of pairs, and what SQL, LIKE or JSON might trip over. */
const LETTERS = ['a', 'b', 'Z', 'é', '\u{1F600}', '\u{1F9FF}', '\uE000', '\uFFFD', '\uD7FF', '\uD83D', '\uDE00', "'"];
/** The memory storage pads with spaces in its indexes, so that these change its order. */
const ODD_LETTERS = [...LETTERS, ' ', '\t', '\u0000', '\uFFFF', '%'];

export function worldOf(random: Random): World {
  const indexes = random.pick(INDEX_SETS);
  const schema = fillWithDefaultSettings<Fields>({
    version: 0,
    primaryKey: 'id',
    type: 'object',
    properties: PROPERTIES,
    indexes,
  });
  const mode = random.pick<Mode>(['regular', 'regular', 'regular', 'odd', 'arrays']);
  return { schema, mode, kinds: KINDS, indexed: indexes.flat() };
}

export function documentOf(random: Random, { mode }: World, id: string): Fields {
  const fields: Record<string, unknown> = { id };
  for (const [path, kind] of KINDS) {
    if (path === 'id') continue;
    const indexable = kind !== 'list' && kind !== 'items' && path !== 'note' && path !== 'rank';
    const oddity = random.next();
    if (!indexable && oddity < 0.2) continue;
    if (indexable && mode !== 'regular' && oddity < 0.1) continue;
    let value = valueOf(random, kind, mode);
    if (mode !== 'regular' && oddity > 0.85) value = oddValueOf(random, mode);
    assign(fields, path.split('.'), value);
  }
  return fields;
}

export function idOf(random: Random, number: number): string {
  // RxDB's ids neither start nor end with a space.
  return `${random.pick(LETTERS)}${number}`;
}

export function queryOf(random: Random, world: World): Query {
  const selector = { ...selectorOf(random, world, 2) };
  if (random.next() < 0.9) selector['_deleted'] = { $eq: random.next() < 0.95 };
  if (selector['_deleted'] !== undefined) selector['_deleted'] = { $eq: random.next() < 0.05 };
  const sort = sortOf(random, world);
  return {
    selector,
    ...(sort.length === 0 ? {} : { sort }),
    ...(random.next() < 0.3 ? { skip: random.between(0, 5) } : {}),
    ...(random.next() < 0.5 ? { limit: random.between(0, 8) } : {}),
  };
}

function sortOf(random: Random, world: World): Fields[] {
  // How arrays order against other values is not consistent in itself.
  const fields =
    world.mode === 'arrays'
      ? ['id']
      : [
          ...world.indexed,
          'id',
          ...[...KINDS].filter(([, kind]) => kind !== 'list' && kind !== 'items').map(([path]) => path),
        ];
  const chosen = new Set<string>();
  const length = world.mode === 'arrays' ? 1 : random.between(0, 3);
  for (let index = 0; index < length; index += 1) chosen.add(random.pick(fields));
  return [...chosen].map((field) => ({ [field]: random.pick(['asc', 'asc', 'desc']) }));
}

function selectorOf(random: Random, world: World, depth: number): Record<string, unknown> {
  const selector: Record<string, unknown> = {};
  const fields = random.between(0, 3);
  for (let index = 0; index < fields; index += 1) {
    const path =
      random.next() < 0.6 && world.indexed.length > 0 ? random.pick(world.indexed) : random.pick([...KINDS.keys()]);
    selector[path] = operationOf(random, KINDS.get(path) ?? 'string', world.mode);
  }
  if (depth > 0 && random.next() < 0.35) {
    const parts = Array.from({ length: random.between(1, 3) }, () => selectorOf(random, world, depth - 1));
    selector[random.pick(['$and', '$or', '$or', '$nor'])] = parts;
  }
  return selector;
}

function operationOf(random: Random, kind: FieldKind, mode: Mode): Record<string, unknown> {
  const operation: Record<string, unknown> = {};
  const operators = random.pick([1, 1, 1, 2]);
  for (let index = 0; index < operators; index += 1) Object.assign(operation, oneOperation(random, kind, mode));
  return operation;
}

function oneOperation(random: Random, kind: FieldKind, mode: Mode): Record<string, unknown> {
  const value = (): unknown => {
    const chance = random.next();
    if (chance < 0.03) return null;
    return chance < 0.07
      ? valueOf(random, random.pick<FieldKind>(['string', 'number', 'boolean']), mode)
      : elementOf(random, kind, mode);
  };
  const values = (): unknown[] => Array.from({ length: random.between(0, 4) }, value);
  const choice = random.next();
  if (choice < 0.45) return { [random.pick(['$eq', '$eq', '$gt', '$gte', '$lt', '$lte'])]: value() };
  if (choice < 0.55) return { $gt: value(), $lte: value() };
  if (choice < 0.65) return { $in: values() };
  if (choice < 0.71) return { $nin: values() };
  if (choice < 0.78) return { $ne: value() };
  if (choice < 0.83) return { $exists: random.next() < 0.5 };
  if (choice < 0.87)
    return {
      $type: random.pick<unknown>(['string', 'number', 'boolean', 'array', 'object', 'null', ['string', 'number']]),
    };
  if (choice < 0.91) return { $not: oneOperation(random, kind, mode) };
  return OPERATIONS[kind](random, mode);
}

/** What only makes sense for fields of a kind. */
const OPERATIONS: Readonly<Record<FieldKind, (random: Random, mode: Mode) => Record<string, unknown>>> = {
  string: (random) => ({
    $regex: random.pick(['^a', 'b$', 'z', '.']),
    ...(random.next() < 0.5 ? { $options: 'i' } : {}),
  }),
  number: (random) => ({ $mod: [random.between(2, 4), random.between(0, 2)] }),
  decimal: (random) => ({ $mod: [random.between(2, 4), random.between(0, 2)] }),
  boolean: (random) => ({ $eq: random.next() < 0.5 }),
  list: (random) =>
    random.next() < 0.5
      ? { $size: random.between(0, 3) }
      : { $elemMatch: { [random.pick(['$gt', '$lte', '$eq'])]: random.between(-2, 2) } },
  items: (random, mode) => ({
    $elemMatch: {
      text: oneOperation(random, 'string', mode),
      ...(random.next() < 0.5 ? { size: { $gt: 0 } } : {}),
    },
  }),
};

/** What a value of the field, or of one element of it, is compared with. */
function elementOf(random: Random, kind: FieldKind, mode: Mode): unknown {
  if (kind === 'list') return random.next() < 0.8 ? random.between(-2, 2) : valueOf(random, kind, mode);
  return valueOf(random, kind, mode);
}

function valueOf(random: Random, kind: FieldKind, mode: Mode): unknown {
  return VALUES[kind](random, mode);
}

const VALUES: Readonly<Record<FieldKind, (random: Random, mode: Mode) => unknown>> = {
  string: textOf,
  number: (random) => random.between(-4, 4),
  decimal: (random) => random.between(-200, 200) / 100,
  boolean: (random) => random.next() < 0.5,
  list: (random) => Array.from({ length: random.between(0, 3) }, () => random.between(-2, 2)),
  items: (random, mode) =>
    Array.from({ length: random.between(0, 2) }, () => ({ text: textOf(random, mode), size: random.between(-1, 1) })),
};

function textOf(random: Random, mode: Mode): string {
  const letters = mode === 'regular' ? LETTERS : ODD_LETTERS;
  return Array.from({ length: random.between(mode === 'regular' ? 1 : 0, 3) }, () => random.pick(letters)).join('');
}

function oddValueOf(random: Random, mode: Mode): unknown {
  // RxDB's comparator does not order two objects of the same content by what comes next, so nobody sorts by objects here.
  if (mode === 'arrays' && random.next() < 0.1) return { value: 1 };
  if (mode === 'arrays' && random.next() < 0.6) return valueOf(random, random.pick<FieldKind>(['list', 'items']), mode);
  const chance = random.next();
  if (chance < 0.1) return undefined;
  return chance < 0.4 ? null : random.pick<unknown>([true, 0, 1.5, 'a', '']);
}

function assign(fields: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let target = fields;
  for (const [index, segment] of path.entries()) {
    if (index === path.length - 1) {
      target[segment] = value;
      return;
    }
    const next = target[segment];
    // An odd value is already there: what would lie below it is left out.
    if (next !== undefined && (typeof next !== 'object' || next === null || Array.isArray(next))) return;
    const made = (next ?? {}) as Record<string, unknown>;
    target[segment] = made;
    target = made;
  }
}
