/**
 * As much of a Mango selector as SQL can decide exactly as RxDB's matcher would, for fields that have a column: comparisons,
 * `$in`, `$ne`, `$nin`, `$exists`, `$not`, `$and`, `$or`, `$nor`. What is left goes to the matcher, over the rows that SQL let
 * through.
 *
 * A column is NULL where the field is missing and `nullMark` where it is null; everything else has the column's type. Values
 * of different types never compare.
 */
import { columnValue } from './columns.ts';
import type { Column } from './columns.ts';
import type { SqliteValue } from './connection.ts';

export interface SqlCondition {
  /** A boolean expression, never NULL where it is negated, that holds for every document that matches. */
  readonly sql: string;
  readonly values: readonly SqliteValue[];
  /** Whether it holds for those only, so that the matcher has nothing left to do. */
  readonly exact: boolean;
}

type Columns = ReadonlyMap<string, Column>;

const EVERYTHING: SqlCondition = { sql: '1', values: [], exact: true };
const NOTHING: SqlCondition = { sql: '0', values: [], exact: true };
const UNDECIDED: SqlCondition = { sql: '1', values: [], exact: false };
/** More values than this go to the matcher; SQLite has a limit of placeholders. */
const MAX_IN_VALUES = 4096;

export function conditionOf(selector: unknown, columns: Columns): SqlCondition {
  if (!isRecord(selector)) return UNDECIDED;
  const entries = Object.entries(selector);
  const [or, ...otherOrs] = entries.filter(([field]) => field === '$or');
  const deletedOnly = literalDeleted(selector, columns);
  if (or !== undefined && otherOrs.length === 0 && deletedOnly !== null) {
    const rest = entries.filter(([field]) => field !== '$or' && field !== '_deleted');
    const others = allOf(rest.map(([field, operation]) => conditionOfEntry(field, operation, columns)));
    // Each branch can use an index of its own if it says "not deleted" itself, and nothing outside looks like a better one.
    if (others.sql === '1') return allOf([conditionOfOr(or[1], columns, deletedOnly), others]);
  }
  return allOf(entries.map(([field, operation]) => conditionOfEntry(field, operation, columns)));
}

/** `_deleted: {$eq: ...}` as SQL; null where the selector says anything else of it. */
function literalDeleted(selector: Readonly<Record<string, unknown>>, columns: Columns): SqlCondition | null {
  const operation = selector['_deleted'];
  const column = columns.get('_deleted');
  if (column === undefined || !isRecord(operation) || Object.keys(operation).length !== 1) return null;
  return typeof operation['$eq'] === 'boolean' ? conditionOfField(column, operation) : null;
}

function conditionOfEntry(field: string, operation: unknown, columns: Columns): SqlCondition {
  switch (field) {
    case '$and':
      return Array.isArray(operation) ? allOf(operation.map((part) => conditionOf(part, columns))) : UNDECIDED;
    case '$or':
      return conditionOfOr(operation, columns, EVERYTHING);
    case '$nor':
      return not(conditionOfOr(operation, columns, EVERYTHING));
    default: {
      const column = columns.get(field);
      if (column === undefined || !isRecord(operation)) return UNDECIDED;
      return conditionOfField(column, operation);
    }
  }
}

function conditionOfOr(operation: unknown, columns: Columns, everywhere: SqlCondition): SqlCondition {
  // An empty `$or` is the matcher's to judge.
  if (!Array.isArray(operation) || operation.length === 0) return allOf([everywhere, UNDECIDED]);
  const branches = operation.map((part) => conditionOf(part, columns));
  // One branch that SQL cannot narrow lets everything through.
  if (branches.some((branch) => branch.sql === '1')) {
    return allOf([everywhere, branches.every((branch) => branch.exact) ? EVERYTHING : UNDECIDED]);
  }
  const parts = branches.map((branch) => allOf([everywhere, branch]));
  return {
    sql: `(${parts.map((part) => `(${part.sql})`).join(' OR ')})`,
    values: parts.flatMap((part) => part.values),
    exact: parts.every((part) => part.exact),
  };
}

function conditionOfField(column: Column, operation: Readonly<Record<string, unknown>>): SqlCondition {
  const operators = Object.entries(operation);
  if (operators.length === 0) return UNDECIDED;
  const hasLowerBound = '$eq' in operation || '$gt' in operation || '$gte' in operation;
  return allOf(operators.map(([operator, operand]) => conditionOfOperator(column, operator, operand, hasLowerBound)));
}

function conditionOfOperator(column: Column, operator: string, operand: unknown, hasLowerBound: boolean): SqlCondition {
  switch (operator) {
    case '$eq':
      return operand === null ? isNil(column) : compared(column, '=', operand);
    case '$gt':
      return compared(column, '>', operand);
    case '$gte':
      return compared(column, '>=', operand);
    case '$lt':
    case '$lte': {
      const upper = compared(column, operator === '$lt' ? '<' : '<=', operand);
      // Null would be below it, too. A second lower bound is left out: SQLite might take it for the range in its index.
      if (column.always || hasLowerBound || upper.values.length === 0) return upper;
      return { ...upper, sql: `(${upper.sql} AND ${column.name} > ${column.nullMark})` };
    }
    case '$ne':
      return not(operand === null ? isNil(column) : compared(column, '=', operand));
    case '$in':
      return Array.isArray(operand) ? oneOf(column, operand) : UNDECIDED;
    case '$nin':
      return Array.isArray(operand) ? not(oneOf(column, operand)) : UNDECIDED;
    case '$exists':
      return typeof operand === 'boolean' ? exists(column, operand) : UNDECIDED;
    case '$not':
      return isRecord(operand) ? not(conditionOfField(column, operand)) : UNDECIDED;
    default:
      return UNDECIDED;
  }
}

function compared(column: Column, comparison: string, operand: unknown): SqlCondition {
  const value = columnValue(column.kind, operand);
  if (value !== undefined) {
    // Yes and no as literals, so that SQLite sees when a partial index fits.
    const isLiteral = column.kind === 'boolean';
    const sql = `${column.name} ${comparison} ${isLiteral ? String(value) : '?'}`;
    return { sql, values: isLiteral ? [] : [value], exact: true };
  }
  const isScalar = typeof operand === 'string' || typeof operand === 'boolean' || Number.isFinite(operand);
  return isScalar ? NOTHING : UNDECIDED;
}

function isNil(column: Column): SqlCondition {
  if (column.always) return NOTHING;
  return { sql: `(${column.name} IS NULL OR ${column.name} = ${column.nullMark})`, values: [], exact: true };
}

function exists(column: Column, wanted: boolean): SqlCondition {
  if (column.always) return wanted ? EVERYTHING : NOTHING;
  // The matcher judges by the parent whether a nested field exists.
  if (column.nested) return UNDECIDED;
  return { sql: `${column.name} IS ${wanted ? 'NOT ' : ''}NULL`, values: [], exact: true };
}

function oneOf(column: Column, operands: readonly unknown[]): SqlCondition {
  const values: SqliteValue[] = [];
  for (const operand of operands) {
    if (operand === null) continue;
    const value = columnValue(column.kind, operand);
    if (value !== undefined) values.push(value);
    else if (compared(column, '=', operand) === UNDECIDED) return UNDECIDED;
  }
  if (values.length > MAX_IN_VALUES) return UNDECIDED;
  const listed = listOf(column, values);
  if (!operands.includes(null)) return listed;
  return { ...listed, sql: `(${listed.sql} OR ${isNil(column).sql})` };
}

function listOf(column: Column, values: SqliteValue[]): SqlCondition {
  const [first] = values;
  if (first === undefined) return NOTHING;
  // Filled up to a power of two by a value that is there already: few statements, whatever the lengths.
  const length = 2 ** Math.ceil(Math.log2(values.length));
  const filled = [...values, ...Array.from({ length: length - values.length }, () => first)];
  const sql = length === 1 ? `${column.name} = ?` : `${column.name} IN (${filled.map(() => '?').join(', ')})`;
  return { sql, values: filled, exact: true };
}

/** Only what is decided exactly can be turned round. */
function not(condition: SqlCondition): SqlCondition {
  if (!condition.exact) return UNDECIDED;
  if (condition.sql === '1') return NOTHING;
  if (condition.sql === '0') return EVERYTHING;
  return { ...condition, sql: `(${condition.sql}) IS NOT TRUE` };
}

function allOf(parts: readonly SqlCondition[]): SqlCondition {
  const exact = parts.every((part) => part.exact);
  const said = parts.filter((part) => part.sql !== '1');
  const [first] = said;
  if (first === undefined) return exact ? EVERYTHING : UNDECIDED;
  if (said.length === 1) return { ...first, exact };
  return {
    sql: said.map((part) => part.sql).join(' AND '),
    values: said.flatMap((part) => part.values),
    exact,
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof RegExp);
}
