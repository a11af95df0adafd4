/** Acceptance runs as the store keeps them: what the checks found so far, and the report once it is signed. */
import type { Database } from 'better-sqlite3-multiple-ciphers';
import type { AcceptanceRunView, CheckResult, SignedAcceptance } from '../../contract/index.ts';
import { checkResultSchema, signedAcceptanceSchema } from '../../contract/index.ts';
import { prepared } from '../store/prepared.ts';

export interface AcceptanceRun {
  readonly runId: string;
  readonly state: AcceptanceRunView['state'];
  readonly startedAt: string;
  readonly endedAt: string | null;
  /** In the order in which they were made. */
  readonly checks: readonly CheckResult[];
  readonly signed: SignedAcceptance | null;
}

interface Row {
  readonly run_id: string;
  readonly state: AcceptanceRun['state'];
  readonly started_at: string;
  readonly ended_at: string | null;
  readonly checks_json: string;
  readonly signed_json: string | null;
}

export function readRun(sqlite: Database, runId: string): AcceptanceRun | null {
  const row = prepared(sqlite, 'SELECT * FROM acceptance_runs WHERE run_id = ?').get(runId) as Row | undefined;
  return row === undefined ? null : runOf(row);
}

/** Newest first. */
export function lastRuns(sqlite: Database, limit: number): readonly AcceptanceRun[] {
  const rows = prepared(sqlite, 'SELECT * FROM acceptance_runs ORDER BY started_at DESC, run_id LIMIT ?').all(limit);
  return (rows as Row[]).map(runOf);
}

/** Within an open transaction. */
export function writeRun(sqlite: Database, run: AcceptanceRun): void {
  prepared(
    sqlite,
    `INSERT INTO acceptance_runs (run_id, state, started_at, ended_at, checks_json, signed_json) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (run_id) DO UPDATE SET state = excluded.state, ended_at = excluded.ended_at,
       checks_json = excluded.checks_json, signed_json = excluded.signed_json`,
  ).run(
    run.runId,
    run.state,
    run.startedAt,
    run.endedAt,
    JSON.stringify(run.checks),
    run.signed === null ? null : JSON.stringify(run.signed),
  );
}

function runOf(row: Row): AcceptanceRun {
  return {
    runId: row.run_id,
    state: row.state,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    checks: checkResultSchema.array().parse(JSON.parse(row.checks_json)),
    signed: row.signed_json === null ? null : signedAcceptanceSchema.parse(JSON.parse(row.signed_json)),
  };
}
