import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { documentSchemas } from '../../contract/index.ts';
import { copierOf, REFUSED, restoreUnknown } from './document-copy.ts';

const RUNS = 150;
const SHA256 = '0123456789abcdef'.repeat(4);

/** What zod says, with what it drops of nested objects; null: it refuses. */
function byZod(schema: z.ZodType, value: unknown): { readonly data: unknown } | null {
  const result = schema.safeParse(value);
  if (!result.success) return null;
  restoreUnknown(value, result.data);
  return { data: result.data };
}

/** Values that are nearly always valid, of the kinds that documents are made of. */
function valueOf(schema: z.core.$ZodType): fc.Arbitrary<unknown> {
  if (schema instanceof z.ZodNullable) return fc.option(valueOf(schema.unwrap()), { nil: null });
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) return valueOf(schema.unwrap());
  if (schema instanceof z.ZodArray) return fc.array(valueOf(schema.element), { maxLength: 3 });
  if (schema instanceof z.ZodTuple) return fc.tuple(...schema.def.items.map((item) => valueOf(item)));
  if (schema instanceof z.ZodRecord)
    return fc.dictionary(fc.constantFrom('a', 'weight', '7', 'toString'), valueOf(schema.valueType), {
      noNullPrototype: true,
    });
  if (schema instanceof z.ZodObject) return objectOf(schema);
  if (schema instanceof z.ZodEnum) return fc.constantFrom(...schema.options);
  if (schema instanceof z.ZodLiteral) return fc.constantFrom(...schema.values);
  if (schema instanceof z.ZodUnion) return fc.oneof(...schema.options.map((option) => valueOf(option)));
  if (schema instanceof z.ZodBoolean) return fc.boolean();
  const isFree = ((schema as z.ZodType).def.checks ?? []).length === 0;
  if (schema instanceof z.ZodNumber) return isFree ? fc.constantFrom(1, -2.5) : fc.integer({ min: 1, max: 50 });
  if (schema instanceof z.ZodUUID) return fc.uuid();
  if (schema instanceof z.ZodISODateTime) return fc.constant('2026-11-21T12:00:00.000Z');
  if (schema instanceof z.ZodISODate) return fc.constant('2026-11-21');
  if (isFree) return fc.string({ maxLength: 3 });
  return fc.constant(z.safeParse(schema, SHA256).success ? SHA256 : 'abc');
}

function objectOf(schema: z.ZodObject): fc.Arbitrary<unknown> {
  const shape = Object.entries(schema.shape);
  const required = shape.filter(([, part]) => !(part instanceof z.ZodDefault || part instanceof z.ZodOptional));
  const fields = fc.record(Object.fromEntries(shape.map(([key, part]) => [key, valueOf(part)])), {
    requiredKeys: required.map(([key]) => key),
    noNullPrototype: true,
  });
  return fc.tuple(fields, fc.integer({ min: 0, max: 9 })).map(([made, chance]) => {
    return chance > 0 ? made : { ...made, ofANewerVersion: { deep: [1] } };
  });
}

class Something {
  readonly kind = 'something';
}

const ODD: readonly (() => unknown)[] = [
  ...[undefined, null, true, -1, 0, 1.5, Number.NaN, Infinity, 2 ** 60].map((value) => () => value),
  ...['', 'todo', 'x'.repeat(6000), '2026-02-30', '2026-11-21T12:00:00', 7n].map((value) => () => value),
  () => [],
  () => ({}),
  () => Array(2),
  () => new Date(0),
  () => new Something(),
  () => Object.create({ state: 'todo' }) as unknown,
  () => Object.create(null) as unknown,
  () => JSON.parse('{"__proto__":{"polluted":1},"state":"todo"}') as unknown,
];

/** Puts something odd in a place of `value`, or takes one out. @param path numbers by which the place is found. */
function spoilt(value: unknown, path: readonly number[], odd: number): unknown {
  const [step = 0, ...rest] = path;
  const keys = typeof value === 'object' && value !== null ? Object.keys(value) : [];
  if (keys.length === 0 || path.length === 0) return ODD[odd % ODD.length]?.();
  const key = keys[step % keys.length] ?? '';
  const fields = value as Record<string, unknown>;
  if (rest.length === 0 && odd === ODD.length) return { ...fields, unknown: undefined };
  if (rest.length === 0 && odd > ODD.length) {
    const { [key]: _gone, ...others } = fields;
    return Array.isArray(value) ? value.slice(1) : others;
  }
  const inner = spoilt(fields[key], rest, odd);
  return Array.isArray(value)
    ? value.map((item: unknown, index) => (String(index) === key ? inner : item))
    : { ...fields, [key]: inner };
}

const place = fc.array(fc.nat(40), { minLength: 1, maxLength: 5 });
const everything = Object.entries(documentSchemas) as [string, z.ZodObject][];

describe('a document is copied', () => {
  it.each(everything)('as zod would: %s', (_name, schema) => {
    const copy = copierOf(schema);
    let copies = 0;
    fc.assert(
      fc.property(valueOf(schema), (value) => {
        const expected = byZod(schema, value);
        const copied = copy(value);
        expect(copied === REFUSED ? null : { data: copied }).toStrictEqual(expected);
        if (expected !== null) copies += 1;
      }),
      { numRuns: RUNS },
    );
    // Else nothing was compared.
    expect(copies).toBeGreaterThan(RUNS / 10);
  });

  it.each(everything)('never where zod would not, and never otherwise, whatever is odd in it: %s', (_name, schema) => {
    const copy = copierOf(schema);
    fc.assert(
      fc.property(valueOf(schema), place, fc.nat(ODD.length + 3), (value, path, odd) => {
        const given = spoilt(value, path, odd);
        const copied = copy(given);
        if (copied === REFUSED) return;
        const expected = byZod(schema, given);
        expect(expected).not.toBeNull();
        expect(copied).toStrictEqual(expected?.data);
      }),
      { numRuns: RUNS * 4 },
    );
  });

  it('by zod itself where a schema does more than look', () => {
    const schema = z.object({ name: z.string().trim(), list: z.array(z.string()).max(1) });
    const copy = copierOf(schema);
    expect(copy({ name: ' a ', list: ['b'], more: 1 })).toEqual({ name: 'a', list: ['b'], more: 1 });
    expect(copy({ name: 'a', list: ['b', 'c'] })).toBe(REFUSED);
    expect(copierOf(z.object({ even: z.number().refine((value) => value % 2 === 0) }))({ even: 3 })).toBe(REFUSED);
    const within = z.object({ maybe: z.number().default(3).optional(), any: z.unknown() });
    expect(copierOf(within)({ any: 1 })).toBe(REFUSED);
    expect(copierOf(within)({ maybe: 1 })).toBe(REFUSED);
    expect(copierOf(within)({ maybe: 1, any: [2] })).toEqual({ maybe: 1, any: [2] });
    expect(copierOf(z.strictObject({ one: z.number() }))({ one: 1, two: 2 })).toBe(REFUSED);
  });

  it('deeply: nothing of what the schema names is shared', () => {
    const schema = z.object({
      list: z.array(z.object({ pair: z.tuple([z.number(), z.number()]) })),
      by: z.record(z.string(), z.string()),
    });
    const given = { list: [{ pair: [1, 2] }], by: { a: 'b' } };
    const copied = copierOf(schema)(given) as typeof given;
    given.list[0]?.pair.reverse();
    given.list.length = 0;
    given.by.a = 'changed';
    expect(copied).toEqual({ list: [{ pair: [1, 2] }], by: { a: 'b' } });
  });
});
