/** Statements that are used at every write, prepared once per handle. */
import type { Database, Statement } from 'better-sqlite3-multiple-ciphers';

const byHandle = new WeakMap<Database, Map<string, Statement>>();

/** @param sql made by code, never from values, so that there are few. */
export function prepared(sqlite: Database, sql: string): Statement {
  let statements = byHandle.get(sqlite);
  if (statements === undefined) byHandle.set(sqlite, (statements = new Map()));
  let statement = statements.get(sql);
  if (statement === undefined) statements.set(sql, (statement = sqlite.prepare(sql)));
  return statement;
}
