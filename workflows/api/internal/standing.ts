/** How a visit stands in the cloud, for activities that wait for something of it. */
import type { Session } from '../../../electron/contract/index.ts';
import { VantageError, countedCaptures, countedFindings } from '../../../electron/contract/index.ts';
import type { Scoped } from '../../database/scope.ts';
import { documentById, documentsOfSession } from '../web/read-documents.ts';
import type { Observations, Standing } from './standing-schema.ts';

/** @throws VantageError NOT_FOUND when the session has not arrived or is deleted */
export async function standingOf(tx: Scoped, tenantId: string, sessionId: string): Promise<Standing> {
  const session = await readSession(tx, sessionId);
  const syncedAt = session.cloud?.['syncedAt'];
  return {
    status: session.status,
    capturedAt: session.capturedAt,
    syncedAt: typeof syncedAt === 'string' ? syncedAt : null,
    report: await reportOf(tx, tenantId, session),
  };
}

/** @throws VantageError NOT_FOUND */
export async function observationsOf(tx: Scoped, sessionId: string): Promise<Observations> {
  const session = await readSession(tx, sessionId);
  const captures = await documentsOfSession(tx, 'captures', sessionId, session.patientId);
  const findings = await documentsOfSession(tx, 'findings', sessionId, session.patientId);
  return {
    protocolId: session.protocolId,
    measurements: Object.entries(session.steps).flatMap(([stepId, { quantity }]) =>
      quantity === null ? [] : [{ stepId, value: quantity.value, unit: quantity.unit, error: quantity.error }],
    ),
    captures: countedCaptures(session, captures).map(({ id: captureId, stepId, judgement }) => ({
      captureId,
      stepId,
      passed: judgement?.passed ?? false,
      checks: (judgement?.checks ?? []).map(({ id, passed, value, limit, unit }) => ({
        id,
        passed,
        value,
        limit,
        unit,
      })),
    })),
    findings: countedFindings({ session, captures, findings }).map(({ kind, eye, captureId, values, provenance }) => ({
      kind,
      eye,
      captureId,
      values,
      provenance,
    })),
  };
}

async function readSession(tx: Scoped, sessionId: string): Promise<Session> {
  const session = await documentById(tx, 'sessions', sessionId);
  if (session === null) throw new VantageError('NOT_FOUND');
  return session;
}

async function reportOf(tx: Scoped, tenantId: string, session: Session): Promise<Standing['report']> {
  const report = await documentById(tx, 'reports', session.reportId);
  if (report === null) return null;
  const { id, sha256, version, madeAt } = report;
  const file = await tx
    .selectFrom('files')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where('location_id', '=', report.locationId)
    .where('sha256', '=', sha256)
    .where('state', '=', 'verified')
    .executeTakeFirst();
  if (report.review === null) return { id, sha256, version, madeAt, verified: file !== undefined, review: null };
  const { byName: _name, notes: _notes, ...review } = report.review;
  return { id, sha256, version, madeAt, verified: file !== undefined, review };
}
