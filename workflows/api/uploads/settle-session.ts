/**
 * Whether the cloud has all of a session: the documents that it names, and every picture and report of it verified. `cloud.syncedAt`
 * says since when; it is taken back when that is no longer so (a picture taken again, a stored file that rotted), and set again.
 */
import { sql } from 'kysely';
import { captureSchema, derivedId, reportSchema, sessionSchema } from '../../../electron/contract/index.ts';
import type { Scoped } from '../../database/scope.ts';
import { setCloudFields } from '../internal/session-cloud.ts';

/** Captures that will still become something else: pictures may be missing that nobody knows of yet. */
const UNDER_WAY: ReadonlySet<string> = new Set(['requested', 'taking', 'uncertain']);

/** Sessions whose captures or reports have this content. */
export async function sessionsOfContent(tx: Scoped, tenantId: string, sha256: string): Promise<string[]> {
  const rows = await tx
    .selectFrom('documents')
    .select('session_id as id')
    .distinct()
    .where('tenant_id', '=', tenantId)
    .where('content_sha256', '=', sha256)
    .where('deleted', '=', false)
    .orderBy('id')
    .execute();
  return rows.flatMap(({ id }) => id ?? []);
}

/**
 * Of these sessions those that there is something to look at: they are here, and all their pictures were taken, or they count as synced.
 * Documents arrive in any order, and a session is looked at again when it arrives.
 */
export async function sessionsToSettle(
  tx: Scoped,
  tenantId: string,
  sessionIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await tx
    .selectFrom('documents')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where('collection', '=', 'sessions')
    .where('id', '=', sql<string>`ANY(${[...sessionIds]}::uuid[])`)
    .where('deleted', '=', false)
    .where(
      sql<boolean>`(document ->> 'capturedAt' IS NOT NULL OR jsonb_typeof(document #> '{cloud,syncedAt}') = 'string')`,
    )
    .execute();
  return new Set(rows.map(({ id }) => id));
}

/** Looks at a session and sets or takes back `cloud.syncedAt`. The caller holds the tenant's turn to write. */
export async function settleSession(tx: Scoped, tenantId: string, sessionId: string, now: Date): Promise<void> {
  const row = await tx
    .selectFrom('documents')
    .select(['document', 'deleted', 'location_id'])
    .where('tenant_id', '=', tenantId)
    .where('collection', '=', 'sessions')
    .where('id', '=', sessionId)
    .executeTakeFirst();
  // Documents arrive in any order: the session's own arrival has it looked at again.
  if (row === undefined || row.deleted) return;
  const { capturedAt, steps, reportId, cloud } = sessionSchema
    .pick({ capturedAt: true, steps: true, reportId: true, cloud: true })
    .parse(row.document);
  const wasSynced = typeof cloud?.['syncedAt'] === 'string';
  const captureIds = Object.values(steps).flatMap(({ captureId }) => captureId ?? []);
  const isSynced = capturedAt !== null && (await hasAll(tx, tenantId, sessionId, captureIds, reportId));
  if (isSynced === wasSynced) return;
  const version = await setCloudFields(tx, tenantId, sessionId, { syncedAt: isSynced ? now.toISOString() : null }, now);
  if (!isSynced) return;
  await tx
    .insertInto('domain_events')
    .values({
      id: derivedId('event', 'session-synced', sessionId, version),
      tenant_id: tenantId,
      location_id: row.location_id,
      type: 'SessionSynced',
      subject_id: sessionId,
      data: JSON.stringify({}),
      metadata: JSON.stringify({ actor: 'keeper' }),
      occurred_at: now,
    })
    .execute();
}

async function hasAll(
  tx: Scoped,
  tenantId: string,
  sessionId: string,
  captureIds: readonly string[],
  reportId: string | null,
): Promise<boolean> {
  const rows = await tx
    .selectFrom('documents')
    .select(['collection', 'id', 'document'])
    .where('tenant_id', '=', tenantId)
    .where('session_id', '=', sessionId)
    .where('deleted', '=', false)
    .execute();
  const there = new Set(rows.map(({ id }) => id));
  if (!captureIds.every((id) => there.has(id)) || (reportId !== null && !there.has(reportId))) return false;
  const hashes = new Set<string>();
  for (const { collection, document } of rows) {
    if (collection === 'reports') {
      hashes.add(reportSchema.pick({ sha256: true }).parse(document).sha256);
      continue;
    }
    const { state, sha256 } = captureSchema.pick({ state: true, sha256: true }).parse(document);
    if (UNDER_WAY.has(state)) return false;
    if (sha256 !== null) hashes.add(sha256);
  }
  const verified = await tx
    .selectFrom('files')
    .select('sha256')
    .distinct()
    .where('tenant_id', '=', tenantId)
    .where('sha256', '=', sql<string>`ANY(${[...hashes]}::text[])`)
    .where('state', '=', 'verified')
    .execute();
  return verified.length === hashes.size;
}
