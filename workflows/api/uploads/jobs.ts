/** Work on files that outlives whoever was about to do it: rows with a time at which they are due (`file_jobs`). */
import { sql } from 'kysely';
import type { Database } from '../../database/database.ts';
import type { Scoped } from '../../database/scope.ts';
import { withScope } from '../../database/scope.ts';

export type JobKind = 'verify' | 'expire' | 'erase' | 'settle';

export interface Job {
  readonly tenantId: string;
  readonly kind: JobKind;
  readonly subjectId: string;
  readonly attempts: number;
}

/** A claim lasts this long unless it is renewed: so long a job waits after whoever did it was killed. */
export const CLAIM_MS = 15_000;

/** The scope in which work is looked for, across tenants; it sees ids and times only. */
const LOOKING = { role: 'keeper', tenantId: null, locations: [], actor: 'keeper' } as const;

/** The scope in which a tenant's work is done. */
export function keeperScope(tenantId: string) {
  return { role: 'service', tenantId, locations: '*', actor: 'keeper' } as const;
}

/** Due then, or at the earlier time that it was due at already. */
export async function schedule(
  tx: Scoped,
  tenantId: string,
  kind: JobKind,
  subjectId: string,
  dueAt: Date,
): Promise<void> {
  await tx
    .insertInto('file_jobs')
    .values({ tenant_id: tenantId, kind, subject_id: subjectId, due_at: dueAt })
    .onConflict((conflict) =>
      conflict
        .columns(['tenant_id', 'kind', 'subject_id'])
        .doUpdateSet({ due_at: sql`least(file_jobs.due_at, excluded.due_at)` }),
    )
    .execute();
}

/** There is nothing to do any more. */
export async function unschedule(tx: Scoped, tenantId: string, kind: JobKind, subjectId: string): Promise<void> {
  await tx
    .deleteFrom('file_jobs')
    .where((where) => where.and({ tenant_id: tenantId, kind, subject_id: subjectId }))
    .execute();
}

/** Takes jobs of some kinds that are due, the longest due first; nobody else gets them until the claim runs out. */
export async function claimJobs(
  database: Database,
  by: string,
  { kinds, limit }: { readonly kinds: readonly JobKind[]; readonly limit: number },
  now: Date,
): Promise<Job[]> {
  return withScope(database, LOOKING, async (tx) => {
    const { rows } = await sql<Job>`
      UPDATE file_jobs AS j SET claimed_by = ${by}, claimed_until = ${new Date(now.getTime() + CLAIM_MS)}
      FROM (SELECT tenant_id, kind, subject_id FROM file_jobs
            WHERE kind = ANY(${[...kinds]}::text[]) AND due_at <= ${now} AND (claimed_until IS NULL OR claimed_until < ${now})
            ORDER BY due_at LIMIT ${limit} FOR UPDATE SKIP LOCKED) AS due
      WHERE j.tenant_id = due.tenant_id AND j.kind = due.kind AND j.subject_id = due.subject_id
      RETURNING j.tenant_id AS "tenantId", j.kind, j.subject_id AS "subjectId", j.attempts`.execute(tx);
    return rows;
  });
}

/** How much work is due, by kind. */
export async function countDue(database: Database, now: Date): Promise<ReadonlyMap<JobKind, number>> {
  const rows = await withScope(database, LOOKING, async (tx) =>
    tx
      .selectFrom('file_jobs')
      .select(['kind', (query) => query.fn.countAll<number>().as('count')])
      .where('due_at', '<=', now)
      .groupBy('kind')
      .execute(),
  );
  return new Map(rows.map(({ kind, count }) => [kind, count]));
}

function ofJob({ tenantId, kind, subjectId }: Job) {
  return { tenant_id: tenantId, kind, subject_id: subjectId };
}

export async function renewClaim(database: Database, job: Job, by: string, now: Date): Promise<void> {
  await withScope(database, LOOKING, async (tx) =>
    tx
      .updateTable('file_jobs')
      .set({ claimed_until: new Date(now.getTime() + CLAIM_MS) })
      .where((where) => where.and({ ...ofJob(job), claimed_by: by }))
      .execute(),
  );
}

/** It failed: free again at a later time. */
export async function postpone(database: Database, job: Job, by: string, dueAt: Date): Promise<void> {
  await withScope(database, LOOKING, async (tx) =>
    tx
      .updateTable('file_jobs')
      .set({ due_at: dueAt, attempts: job.attempts + 1, claimed_by: null, claimed_until: null })
      .where((where) => where.and({ ...ofJob(job), claimed_by: by }))
      .execute(),
  );
}

/** Done, all of one kind, in the transaction that found that there is nothing to do for them. */
export async function finishAll(
  tx: Scoped,
  { tenantId, kind }: Pick<Job, 'tenantId' | 'kind'>,
  subjectIds: readonly string[],
): Promise<void> {
  await tx
    .deleteFrom('file_jobs')
    .where((where) => where.and({ tenant_id: tenantId, kind }))
    .where('subject_id', '=', sql<string>`ANY(${[...subjectIds]}::uuid[])`)
    .execute();
}

/** Done, in the transaction of what it did. @param nextAt when it is due again; null: never */
export async function finish(tx: Scoped, job: Job, nextAt: Date | null): Promise<void> {
  if (nextAt === null) {
    await tx
      .deleteFrom('file_jobs')
      .where((where) => where.and(ofJob(job)))
      .execute();
    return;
  }
  await tx
    .updateTable('file_jobs')
    .set({ due_at: nextAt, attempts: 0, claimed_by: null, claimed_until: null })
    .where((where) => where.and(ofJob(job)))
    .execute();
}
