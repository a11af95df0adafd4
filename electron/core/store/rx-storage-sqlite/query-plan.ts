/** How a query runs: what SQL decides, what it orders by, and whether matcher and comparator have to look again. */
import type { FilledMangoQuery } from 'rxdb';
import type { Column } from './columns.ts';
import type { SqliteValue } from './connection.ts';
import { conditionOf } from './selector-sql.ts';

export interface SqlPlan {
  readonly where: string;
  readonly values: readonly SqliteValue[];
  /** Whether `where` is the whole selector. */
  readonly exact: boolean;
  /** null where a field is sorted by that has no column. */
  readonly orderBy: string | null;
}

/** @param columns those that hold what the documents hold. */
export function planOf<RxDocType>(query: FilledMangoQuery<RxDocType>, columns: ReadonlyMap<string, Column>): SqlPlan {
  const { sql, values, exact } = conditionOf(query.selector, columns);
  return { where: sql, values, exact, orderBy: orderOf(query, columns) };
}

function orderOf<RxDocType>(query: FilledMangoQuery<RxDocType>, columns: ReadonlyMap<string, Column>): string | null {
  const terms: string[] = [];
  for (const part of query.sort) {
    // RxDB's comparator takes the first field of each.
    const [first] = Object.entries(part);
    if (first === undefined) continue;
    const column = columns.get(first[0]);
    if (column === undefined) return null;
    terms.push(`${column.name} ${first[1] === 'desc' ? 'DESC' : 'ASC'}`);
    // Ids are unique: nothing behind them orders anything.
    if (column.name === 'id') break;
  }
  return terms.length === 0 ? 'id' : terms.join(', ');
}
