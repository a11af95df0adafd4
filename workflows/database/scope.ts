/**
 * Who is asking, said to the database at the start of each transaction. The policies of every table read it; a transaction that
 * says nothing sees nothing.
 */
import type { Transaction } from 'kysely';
import { sql } from 'kysely';
import type { Role } from '../../electron/contract/index.ts';
import type { Database } from './database.ts';
import type { Tables } from './tables.ts';

/**
 * `enrolment`: a station that has shown a code; `service`: an activity; `keeper`: the API itself, looking for work on files, which sees
 * nothing else; `nobody`: not known yet.
 */
export type ScopeRole = Role | 'station' | 'service' | 'enrolment' | 'keeper' | 'nobody';

export interface Scope {
  readonly role: ScopeRole;
  readonly tenantId: string | null;
  /** `'*'`: every location of the tenant. */
  readonly locations: readonly string[] | '*';
  /** Written beside what is changed: `station:<id>`, `person:<id>`, `service`. */
  readonly actor: string;
  readonly stationId?: string | undefined;
  readonly patientId?: string | undefined;
  /** What an identity provider vouched for; finds the person. */
  readonly identity?: { readonly issuer: string; readonly subject: string } | undefined;
  /** SHA-256 of an enrolment code that was shown; finds the code. */
  readonly enrolmentCode?: string | undefined;
  /** SHA-256 of what a browser's cookie holds; finds the session. */
  readonly browserSession?: string | undefined;
}

export type Scoped = Transaction<Tables>;

/** Runs `work` in one transaction that sees and writes what the scope may. Commits when it returns, rolls back when it throws. */
export async function withScope<T>(database: Database, scope: Scope, work: (tx: Scoped) => Promise<T>): Promise<T> {
  return database.transaction().execute(async (tx) => {
    await enterScope(tx, scope);
    return work(tx);
  });
}

/** Changes the scope within a transaction, for what is found out on the way (a code's tenant). */
export async function enterScope(tx: Scoped, scope: Scope): Promise<void> {
  const locations = scope.locations === '*' ? '*' : `{${scope.locations.join(',')}}`;
  const settings: readonly (readonly [string, string])[] = [
    ['role', scope.role],
    ['tenant', scope.tenantId ?? ''],
    ['locations', locations],
    ['actor', scope.actor],
    ['station', scope.stationId ?? ''],
    ['patient', scope.patientId ?? ''],
    ['issuer', scope.identity?.issuer ?? ''],
    ['subject', scope.identity?.subject ?? ''],
    ['enrolment_code', scope.enrolmentCode ?? ''],
    ['browser_session', scope.browserSession ?? ''],
  ];
  await sql`SELECT ${sql.join(settings.map(([name, value]) => sql`set_config(${`vantage.${name}`}, ${value}, true)`))}`.execute(
    tx,
  );
}

/** Takes the tenant's turn to write documents, until the end of the transaction. Before the first read that a write depends on. */
export async function lockWrites(tx: Scoped): Promise<void> {
  await sql`SELECT lock_writes()`.execute(tx);
}
