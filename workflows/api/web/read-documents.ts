/** Documents as the contract has them, of what the caller's scope shows. */
import { sql } from 'kysely';
import type { CollectionName, DocumentOf } from '../../../electron/contract/index.ts';
import { documentSchemas } from '../../../electron/contract/index.ts';
import type { Scoped } from '../../database/scope.ts';

/** The policies say it too; said here, the indexes begin with it. */
const HERE = sql<string>`scope_tenant()`;

/** Those with one of these ids; without those that are deleted. */
export async function documentsById<N extends CollectionName>(
  tx: Scoped,
  name: N,
  ids: Iterable<string | null>,
): Promise<ReadonlyMap<string, DocumentOf<N>>> {
  const wanted = [...new Set(ids)].filter((id) => id !== null);
  if (wanted.length === 0) return new Map();
  const rows = await tx
    .selectFrom('documents')
    .select(['id', 'document'])
    .where('tenant_id', '=', HERE)
    .where('collection', '=', name)
    .where('id', '=', sql<string>`ANY(${wanted}::uuid[])`)
    .where('deleted', '=', false)
    .execute();
  return new Map(rows.map(({ id, document }) => [id, parsed(name, document)]));
}

export async function documentById<N extends CollectionName>(
  tx: Scoped,
  name: N,
  id: string | null,
): Promise<DocumentOf<N> | null> {
  return id === null ? null : ((await documentsById(tx, name, [id])).get(id) ?? null);
}

/** Those of one visit. */
export async function documentsOfSession<N extends 'captures' | 'findings'>(
  tx: Scoped,
  name: N,
  sessionId: string,
  patientId: string,
): Promise<DocumentOf<N>[]> {
  const rows = await tx
    .selectFrom('documents')
    .select('document')
    .where('tenant_id', '=', HERE)
    .where('collection', '=', name)
    .where('patient_id', '=', patientId)
    .where(sql<string>`document ->> 'sessionId'`, '=', sessionId)
    .where('deleted', '=', false)
    .orderBy('id')
    .execute();
  return rows.map(({ document }) => parsed(name, document));
}

export async function sessionsOfPatient(tx: Scoped, patientId: string): Promise<DocumentOf<'sessions'>[]> {
  const rows = await tx
    .selectFrom('documents')
    .select('document')
    .where('tenant_id', '=', HERE)
    .where('collection', '=', 'sessions')
    .where('patient_id', '=', patientId)
    .where('deleted', '=', false)
    .orderBy('id')
    .execute();
  return rows.map(({ document }) => parsed('sessions', document));
}

export async function sessionsInReview(tx: Scoped): Promise<DocumentOf<'sessions'>[]> {
  const rows = await tx
    .selectFrom('documents')
    .select('document')
    .where('tenant_id', '=', HERE)
    .where('collection', '=', 'sessions')
    .where(sql<string>`document ->> 'status'`, '=', 'REVIEW')
    .where('deleted', '=', false)
    .orderBy('id')
    .execute();
  return rows.map(({ document }) => parsed('sessions', document));
}

/** Names of the staff at the caller's locations, by id. */
export async function staffNames(tx: Scoped): Promise<ReadonlyMap<string, string>> {
  const { rows } = await sql<{ id: string; name: string }>`SELECT id, name FROM staff_names()`.execute(tx);
  return new Map(rows.map(({ id, name }) => [id, name]));
}

/** What was taken was checked when it came; fields that are newer than it get their defaults. */
function parsed<N extends CollectionName>(name: N, document: unknown): DocumentOf<N> {
  return documentSchemas[name].parse(document) as DocumentOf<N>;
}
