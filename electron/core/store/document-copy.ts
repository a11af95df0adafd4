/**
 * Checks a document and copies it in one walk, made once from its zod schema. Zod makes an object for each value that it looks at,
 * which is most of what it costs to write a document; here only what cannot be decided by looking at a value is left to it.
 *
 * A copy is exactly what zod gives out, with what it drops of nested objects still there (fields of a newer version). Whatever is in
 * any way unusual is not copied at all, and then zod judges the whole and says what is wrong.
 */
import { compileFunction } from 'node:vm';
import { z } from 'zod';

/** What a copier gives for a value that zod has to judge. */
export const REFUSED: unique symbol = Symbol('refused');

/** @returns a copy that is the caller's (unknown fields keep their value as it is), or `REFUSED`. */
export type Copier = (value: unknown) => unknown;

type Fields = Record<string, unknown>;

/** Formats whose pattern is all there is to them. */
const PATTERN_ONLY = new Set(['uuid', 'datetime', 'date', 'regex']);
/** More words than this are looked up. */
const FEW_WORDS = 6;

/** Source of a function, and the values that it names. */
class Code {
  readonly values: unknown[] = [];
  readonly lines: string[] = [];

  /** @returns the name of a value of this program. */
  name(value: unknown): string {
    this.values.push(value);
    return `value${this.values.length - 1}`;
  }

  /** @returns the function of `given` whose body the lines are. */
  compiled(): Copier {
    const names = this.values.map((_, index) => `value${index}`);
    const make = compileFunction(`return (given) => {\n${this.lines.join('\n')}\n};`, names) as (
      ...values: unknown[]
    ) => Copier;
    return make(...this.values);
  }
}

export function copierOf(schema: z.core.$ZodType): Copier {
  const code = new Code();
  const test = testOf(schema, 'given', code);
  if (test !== null) {
    code.lines.push(`return ${test} ? given : ${code.name(REFUSED)};`);
    return code.compiled();
  }
  if (schema instanceof z.ZodNullable) {
    const copy = copierOf(schema.unwrap());
    return (value) => (value === null ? null : copy(value));
  }
  if (schema instanceof z.ZodArray && hasNoChecks(schema)) return copierOfArray(copierOf(schema.element));
  if (schema instanceof z.ZodTuple && hasNoChecks(schema) && schema.def.rest === null) return copierOfTuple(schema);
  if (schema instanceof z.ZodObject && hasNoChecks(schema) && isOpen(schema)) return copierOfObject(schema);
  if (schema instanceof z.ZodRecord && hasNoChecks(schema) && isAnyText(schema.keyType))
    return copierOfRecord(copierOf(schema.valueType));
  return (value) => {
    const result = z.safeParse(schema, value);
    // What is undefined is the whole's affair: it may not be there at all.
    if (value === undefined || !result.success) return REFUSED;
    restoreUnknown(value, result.data);
    return result.data;
  };
}

/** An expression that tells whether `text` is valid, for values that are their own copy. null: not such a schema. */
function testOf(schema: z.core.$ZodType, text: string, code: Code): string | null {
  if (schema instanceof z.ZodNullable) {
    const test = testOf(schema.unwrap(), text, code);
    return test === null ? null : `(${text} === null || ${test})`;
  }
  const checks = checksOf(schema);
  if (schema instanceof z.ZodNull && checks.length === 0) return `(${text} === null)`;
  if (schema instanceof z.ZodUnion && checks.length === 0) {
    const tests = schema.options.map((option) => testOf(option, text, code));
    return tests.includes(null) ? null : `(${tests.join(' || ')})`;
  }
  if (schema instanceof z.ZodBoolean && checks.length === 0) return `(typeof ${text} === 'boolean')`;
  if ((schema instanceof z.ZodEnum || schema instanceof z.ZodLiteral) && checks.length === 0) {
    const words: readonly unknown[] = schema instanceof z.ZodEnum ? schema.options : [...schema.values];
    if (words.includes(undefined)) return null;
    if (words.length > FEW_WORDS) return `${code.name(new Set(words))}.has(${text})`;
    return `(${words.map((word) => `${text} === ${code.name(word)}`).join(' || ')})`;
  }
  if (schema instanceof z.ZodNumber)
    return allOf(
      `Number.isFinite(${text})`,
      checks.map((check) => numberTest(check, text)),
    );
  if (schema instanceof z.ZodString || schema instanceof z.ZodStringFormat)
    return allOf(
      `typeof ${text} === 'string'`,
      checks.map((check) => textTest(check, text, code)),
    );
  return null;
}

type Check = z.core.$ZodCheckDef & {
  readonly format?: string;
  readonly pattern?: RegExp;
  readonly value?: unknown;
  readonly inclusive?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
};

/** A format's own and those that were added. */
function checksOf(schema: z.core.$ZodType): Check[] {
  const def = (schema as z.ZodType).def as z.core.$ZodTypeDef & Partial<Check>;
  const added = (def.checks ?? []).map(({ _zod: { def: check } }) => check as Check);
  return typeof def.check === 'string' ? [def as Check, ...added] : added;
}

function hasNoChecks(schema: z.core.$ZodType): boolean {
  return checksOf(schema).length === 0;
}

function textTest({ check, format, pattern, minimum, maximum }: Check, text: string, code: Code): string | null {
  if (check === 'max_length' && maximum !== undefined) return `${text}.length <= ${maximum}`;
  if (check === 'min_length' && minimum !== undefined) return `${text}.length >= ${minimum}`;
  if (check !== 'string_format' || format === undefined || !PATTERN_ONLY.has(format)) return null;
  if (pattern === undefined || pattern.global || pattern.sticky) return null;
  return `${code.name(pattern)}.test(${text})`;
}

function numberTest({ check, format, value: limit, inclusive }: Check, text: string): string | null {
  if (check === 'number_format' && format === 'safeint') return `Number.isSafeInteger(${text})`;
  if (typeof limit !== 'number') return null;
  if (check === 'greater_than') return `${text} ${inclusive === true ? '>=' : '>'} ${limit}`;
  if (check === 'less_than') return `${text} ${inclusive === true ? '<=' : '<'} ${limit}`;
  return null;
}

function allOf(first: string, others: readonly (string | null)[]): string | null {
  return others.includes(null) ? null : `(${[first, ...others].join(' && ')})`;
}

function isAnyText(schema: z.core.$ZodType): boolean {
  return schema instanceof z.ZodString && hasNoChecks(schema);
}

function isOpen({ def: { catchall } }: z.ZodObject): boolean {
  return catchall === undefined || catchall instanceof z.ZodUnknown;
}

function copierOfArray(copy: Copier): Copier {
  return (value) => {
    if (!Array.isArray(value)) return REFUSED;
    const items: readonly unknown[] = value;
    const copies: unknown[] = [];
    for (let index = 0; index < items.length; index += 1) {
      const copied = copy(items[index]);
      if (copied === REFUSED) return REFUSED;
      copies.push(copied);
    }
    return copies;
  };
}

function copierOfTuple({ def: { items } }: z.ZodTuple): Copier {
  const code = new Code();
  const refused = `return ${code.name(REFUSED)};`;
  code.lines.push(`if (!Array.isArray(given) || given.length !== ${items.length}) ${refused}`);
  for (const [index, item] of items.entries())
    code.lines.push(`let item${index} = given[${index}];`, checkOf(item, `item${index}`, code));
  code.lines.push(`return [${items.map((_, index) => `item${index}`).join(', ')}];`);
  return code.compiled();
}

/** Statements that leave a copy in the variable, or refuse. */
function checkOf(schema: z.core.$ZodType, variable: string, code: Code): string {
  const refused = code.name(REFUSED);
  const test = testOf(schema, variable, code);
  if (test !== null) return `if (!${test}) return ${refused};`;
  return `${variable} = ${code.name(copierOf(schema))}(${variable}); if (${variable} === ${refused}) return ${refused};`;
}

function copierOfRecord(copy: Copier): Copier {
  return (value) => {
    if (!isPlain(value)) return REFUSED;
    const copied: Fields = {};
    for (const key in value) {
      const item = copy(value[key]);
      if (item === REFUSED || key === '__proto__') return REFUSED;
      copied[key] = item;
    }
    return copied;
  };
}

function copierOfObject(schema: z.ZodObject): Copier {
  const code = new Code();
  const { lines } = code;
  const refused = `return ${code.name(REFUSED)};`;
  const literal: string[] = [];
  const optional: string[] = [];
  lines.push(`if (!${code.name(isPlain)}(given)) ${refused}`, `let known = ${Object.keys(schema.shape).length};`);
  for (const [index, [key, part]] of Object.entries(schema.shape).entries()) {
    const field = `field${index}`;
    const name = JSON.stringify(key);
    lines.push(`let ${field} = given[${name}];`);
    const isOptional = part instanceof z.ZodOptional;
    const inner = part instanceof z.ZodOptional || part instanceof z.ZodDefault ? part.unwrap() : part;
    const check = checkOf(inner, field, code);
    if (inner === part) lines.push(check);
    else {
      // There, but undefined: it goes, which is zod's affair.
      const missing =
        part instanceof z.ZodDefault
          ? `${field} = ${code.name(() => part.def.defaultValue)}();`
          : z.safeParse(part, undefined).data === undefined
            ? ''
            : refused;
      lines.push(
        `if (${field} === undefined) { if (${name} in given) ${refused} known -= 1; ${missing} } else { ${check} }`,
      );
    }
    if (isOptional) optional.push(`if (${field} !== undefined) copied[${name}] = ${field};`);
    else literal.push(`${name}: ${field}`);
  }
  lines.push(`const copied = { ${literal.join(', ')} };`, ...optional);
  lines.push('for (const _ in given) known -= 1;');
  const keep = code.name(unknownKeeper(new Set(Object.keys(schema.shape))));
  lines.push(`return known === 0 || ${keep}(given, copied) ? copied : ${code.name(REFUSED)};`);
  return code.compiled();
}

/** Fields that this version does not know are kept; what is there but undefined is not one, and no name reaches an object's prototype. */
function unknownKeeper(known: ReadonlySet<string>): (given: Readonly<Fields>, copied: Fields) => boolean {
  return (given, copied) => {
    for (const key in given) {
      if (known.has(key)) continue;
      const value = given[key];
      if (value === undefined || key === '__proto__') return false;
      copied[key] = value;
    }
    return true;
  };
}

/** An object as JSON makes it, so that what it inherits is no field. */
function isPlain(value: unknown): value is Readonly<Fields> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/**
 * `parsed` is zod's copy with the defaults, which has lost what nested objects do not name: that is put back. What is there but
 * undefined goes.
 */
export function restoreUnknown(given: unknown, parsed: unknown): void {
  if (given === parsed) return;
  if (Array.isArray(given) && Array.isArray(parsed)) {
    for (let index = 0; index < given.length; index += 1) {
      if (typeof given[index] === 'object') restoreUnknown(given[index], parsed[index]);
    }
  } else if (isFields(given) && isFields(parsed)) {
    for (const key of Object.keys(given)) {
      const value = given[key];
      // Never by inheritance: what is there belongs to every object of the program.
      if (key === '__proto__') continue;
      if (value === undefined) {
        if (parsed[key] === undefined) delete parsed[key];
      } else if (!Object.hasOwn(parsed, key)) parsed[key] = value;
      else if (typeof value === 'object') restoreUnknown(value, parsed[key]);
    }
  }
}

function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
