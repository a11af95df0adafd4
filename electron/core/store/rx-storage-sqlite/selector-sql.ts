/**
 * As much of a Mango selector as SQL can decide exactly as RxDB's matcher would: comparisons of indexed fields with values of
 * their own type, `$in`, `$and`, `$or`. What is left goes to the matcher, over the rows that SQL let through.
 *
 * A field that is missing, null or of another type is NULL in its column, and no comparison with NULL is true: so it is in
 * the matcher, where values of different types do not compare.
 */
import type { Column } from './columns.ts';
import { columnValue } from './columns.ts';
import type { SqliteValue } from './connection.ts';

export interface SqlCondition {
  /** A boolean expression that holds for every document that matches. */
  readonly sql: string;
  readonly values: readonly SqliteValue[];
  /** Whether it holds for those only, so that the matcher has nothing left to do. */
  readonly exact: boolean;
}

const EVERYTHING: SqlCondition = { sql: '1', values: [], exact: true };
const UNDECIDED: SqlCondition = { sql: '1', values: [], exact: false };
const COMPARISONS: Readonly<Record<string, string>> = { $eq: '=', $gt: '>', $gte: '>=', $lt: '<', $lte: '<=' };
/** More values than this go to the matcher: a statement per length is kept, and SQLite has a limit of placeholders. */
const MAX_IN_VALUES = 100;

export function conditionOf(selector: unknown, columns: ReadonlyMap<string, Column>): SqlCondition {
  if (!isRecord(selector)) return UNDECIDED;
  return allOf(Object.entries(selector).map(([field, operation]) => conditionOfEntry(field, operation, columns)));
}

function conditionOfEntry(field: string, operation: unknown, columns: ReadonlyMap<string, Column>): SqlCondition {
  if (field === '$and' && Array.isArray(operation)) return allOf(operation.map((part) => conditionOf(part, columns)));
  if (field === '$or' && Array.isArray(operation)) return anyOf(operation.map((part) => conditionOf(part, columns)));
  const column = columns.get(field);
  if (column === undefined || !isRecord(operation)) return UNDECIDED;
  return allOf(Object.entries(operation).map(([operator, operand]) => conditionOfOperator(column, operator, operand)));
}

function conditionOfOperator(column: Column, operator: string, operand: unknown): SqlCondition {
  if (operator === '$in' && Array.isArray(operand)) return conditionOfIn(column, operand);
  // What is missing or null is NULL, and so is what is of another type: the matcher looks again.
  if (operator === '$eq' && operand === null) return { sql: `${column.name} IS NULL`, values: [], exact: false };
  const comparison = COMPARISONS[operator];
  const value = columnValue(column.kind, operand);
  if (comparison === undefined || value === undefined) return UNDECIDED;
  // Nobody orders by yes and no; SQL and the matcher need not agree on that.
  if (column.kind === 'boolean' && operator !== '$eq') return UNDECIDED;
  return { sql: `${column.name} ${comparison} ?`, values: [value], exact: true };
}

function conditionOfIn(column: Column, operands: readonly unknown[]): SqlCondition {
  if (operands.length === 0) return { sql: '0', values: [], exact: true };
  if (operands.length > MAX_IN_VALUES) return UNDECIDED;
  const values: SqliteValue[] = [];
  for (const operand of operands) {
    const value = columnValue(column.kind, operand);
    if (value === undefined) return UNDECIDED;
    values.push(value);
  }
  return { sql: `${column.name} IN (${values.map(() => '?').join(', ')})`, values, exact: true };
}

function allOf(parts: readonly SqlCondition[]): SqlCondition {
  const said = parts.filter((part) => part.sql !== '1');
  if (said.length === 0) return parts.every((part) => part.exact) ? EVERYTHING : UNDECIDED;
  return {
    sql: said.map((part) => part.sql).join(' AND '),
    values: said.flatMap((part) => part.values),
    exact: parts.every((part) => part.exact),
  };
}

function anyOf(parts: readonly SqlCondition[]): SqlCondition {
  // An empty `$or` is the matcher's to judge; one branch that SQL cannot narrow lets everything through.
  if (parts.length === 0 || parts.some((part) => part.sql === '1')) return UNDECIDED;
  return {
    sql: `(${parts.map((part) => `(${part.sql})`).join(' OR ')})`,
    values: parts.flatMap((part) => part.values),
    exact: parts.every((part) => part.exact),
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof RegExp);
}
