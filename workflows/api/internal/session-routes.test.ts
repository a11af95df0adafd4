import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../../electron/contract/index.ts';
import { pull } from '../testing/documents.ts';
import type { VisitForReview } from '../testing/reviewed-visit.ts';
import { sendFiles, sendVisit, visitForReview } from '../testing/reviewed-visit.ts';
import type { Answer, TestStation } from '../testing/station.ts';
import { call } from '../testing/station.ts';
import type { TestApi } from '../testing/test-api.ts';
import { NORTH_HARBOUR, SOUTH_HARBOUR, startTestApi } from '../testing/test-api.ts';

let cloud: TestApi;
let station: TestStation;
let visit: VisitForReview;
beforeAll(async () => {
  cloud = await startTestApi();
  station = await cloud.station(NORTH_HARBOUR);
  visit = visitForReview(NORTH_HARBOUR, station.stationId);
  await sendVisit(station, visit);
});
afterAll(async () => cloud.close());

async function ask(path: string, body?: object, tenantId = NORTH_HARBOUR.tenantId): Promise<Answer> {
  const token = await cloud.service(tenantId);
  return call(cloud.base, `/internal/v1/sessions/${visit.sessionId}/${path}`, token, body ?? {});
}

describe('how a visit stands', () => {
  it('names the report, and says that it is verified only once its file was compared', async () => {
    expect((await ask('standing')).body).toMatchObject({
      status: 'REVIEW',
      syncedAt: null,
      report: { id: visit.reportId, sha256: visit.pdf.sha256, verified: false, review: null },
    });
    await sendFiles(cloud.base, station, visit);
    expect((await ask('standing')).body).toMatchObject({ report: { verified: true } });
  });

  it('is nobody else’s business', async () => {
    expect((await ask('standing', {}, SOUTH_HARBOUR.tenantId)).status).toBe(404);
    expect((await ask('observations', {}, SOUTH_HARBOUR.tenantId)).status).toBe(404);
    const person = await cloud.person('admin', NORTH_HARBOUR);
    const path = `/internal/v1/sessions/${visit.sessionId}/standing`;
    expect((await call(cloud.base, path, person, {})).status).toBe(403);
  });

  it('has what was measured and found, and nothing of who it was', async () => {
    const { body } = await ask('observations');
    expect(body).toMatchObject({
      measurements: [{ stepId: 'weight', value: 71.85, unit: 'kg', error: 0.05 }],
      captures: [{ captureId: visit.captureId, stepId: 'retina-right', passed: true }],
      findings: [{ kind: 'retinal-vessels', eye: 'right', captureId: visit.captureId }],
    });
    expect(JSON.stringify(body)).not.toContain(visit.patientId);
    expect(JSON.stringify(body)).not.toContain('Exampleton');
  });
});

describe('a step of a visit’s workflow', () => {
  it('sets what the cloud knows, records what happened and tells people, once and together', async () => {
    const { checkpoint } = await pull(station, 'alerts');
    const body = {
      cause: { workflowId: `session-${visit.sessionId}`, activityId: '7', runId: 'r', workflowType: 'sessionWorkflow' },
      locationId: NORTH_HARBOUR.locationId,
      event: { type: 'ReviewOverdue', data: { round: 1 } },
      fields: { review: null },
      stamps: ['reviewOverdueAt'],
      alert: { kind: 'review-overdue', severity: 'warn', text: 'A report waits for its review.' },
    };
    const answers = [await ask('step', body), await ask('step', body)];
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    const { rows } = await pull(station, 'alerts', checkpoint);
    expect(rows).toMatchObject([
      { document: { kind: 'review-overdue', subjectId: visit.sessionId, resolvedAt: null } },
    ]);
    const { rows: events } = await cloud.database.admin.query(
      `SELECT data FROM domain_events WHERE type = 'ReviewOverdue' AND subject_id = $1`,
      [visit.sessionId],
    );
    expect(events).toEqual([{ data: { round: 1 } }]);
    const { rows: sessions } = await cloud.database.admin.query<{ cloud: Record<string, unknown> }>(
      `SELECT document -> 'cloud' AS cloud FROM documents WHERE collection = 'sessions' AND id = $1`,
      [visit.sessionId],
    );
    expect(sessions[0]?.cloud).toMatchObject({ review: null, reviewOverdueAt: expect.any(String) });
  });

  it('that cannot be whole leaves nothing', async () => {
    const sessionId = newId();
    const token = await cloud.service(NORTH_HARBOUR.tenantId);
    const answer = await call(cloud.base, `/internal/v1/sessions/${sessionId}/step`, token, {
      cause: { workflowId: `session-${sessionId}`, activityId: '1', runId: 'r', workflowType: 'sessionWorkflow' },
      locationId: NORTH_HARBOUR.locationId,
      event: { type: 'FusionStarted', data: {} },
      fields: {},
      stamps: ['fusionStartedAt'],
      alert: null,
    });
    expect(answer.status).toBe(404);
    const { rows } = await cloud.database.admin.query('SELECT FROM domain_events WHERE subject_id = $1', [sessionId]);
    expect(rows).toEqual([]);
  });
});
