/** How a query runs: what SQL decides, what it orders by, and whether matcher and comparator have to look again. */
import type { FilledMangoQuery } from 'rxdb';
import type { TableLayout } from './columns.ts';
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

export function planOf<RxDocType>(query: FilledMangoQuery<RxDocType>, layout: TableLayout<RxDocType>): SqlPlan {
  const condition = conditionOf(query.selector, layout.columns);
  const terms: string[] = [];
  for (const part of query.sort) {
    for (const [field, direction] of Object.entries(part)) {
      const column = layout.columns.get(field);
      // Ids are unique: nothing behind them orders anything.
      if (terms.some((term) => term.startsWith('id '))) continue;
      if (column === undefined) return { ...where(condition), orderBy: null };
      terms.push(`${column.name} ${direction === 'desc' ? 'DESC' : 'ASC'}`);
    }
  }
  return { ...where(condition), orderBy: terms.join(', ') };
}

function where(condition: ReturnType<typeof conditionOf>): Omit<SqlPlan, 'orderBy'> {
  return { where: condition.sql, values: condition.values, exact: condition.exact };
}
