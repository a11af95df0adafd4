import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../../electron/contract/index.ts';
import { alertDocument, pull, pullAll, push, rowOf, sessionDocument } from '../testing/documents.ts';
import type { Answer } from '../testing/station.ts';
import { call } from '../testing/station.ts';
import type { TestApi } from '../testing/test-api.ts';
import { AUDIENCE, NORTH_HARBOUR, SOUTH_HARBOUR, startTestApi } from '../testing/test-api.ts';

let cloud: TestApi;
beforeAll(async () => {
  cloud = await startTestApi();
});
afterAll(async () => cloud.close());

function causeOf(activityId = newId(), runId = 'run-1') {
  return { workflowId: 'session-1', activityId, runId, workflowType: 'sessionWorkflow' };
}

async function ask(path: string, body: object, tenantId = NORTH_HARBOUR.tenantId): Promise<Answer> {
  return call(cloud.base, `/internal/v1/${path}`, await cloud.service(tenantId), body);
}

async function events(tenantId: string) {
  const { rows } = await cloud.database.admin.query<{ type: string; metadata: object }>(
    'SELECT type, metadata FROM domain_events WHERE tenant_id = $1 ORDER BY recorded_at, id',
    [tenantId],
  );
  return rows;
}

describe('an activity’s mutation', () => {
  it('has one effect however often the activity is retried, and in whichever run', async () => {
    const event = {
      type: 'ReportPublished',
      subjectId: newId(),
      locationId: NORTH_HARBOUR.locationId,
      data: { pages: 3 },
      occurredAt: '2026-11-21T10:00:00.000Z',
    };
    const cause = causeOf();
    const first = await ask('events', { cause, events: [event, event] });
    expect(first.status).toBe(200);
    const again = await Promise.all(
      ['run-1', 'run-2'].map(async (runId) => ask('events', { cause: { ...cause, runId }, events: [event, event] })),
    );
    expect(again.map(({ body }) => body)).toEqual([first.body, first.body]);
    expect(await events(NORTH_HARBOUR.tenantId)).toEqual([
      { type: 'ReportPublished', metadata: cause },
      { type: 'ReportPublished', metadata: cause },
    ]);
    expect(await ask('events', { cause, events: [event] })).toMatchObject({
      status: 409,
      body: { code: 'STATUS_CONFLICT' },
    });
    expect((await ask('events', { cause: causeOf(), events: [event] })).status).toBe(200);
  });

  it('of an event at a place of another tenant, or of another shape, is refused', async () => {
    const event = { type: 'x', subjectId: newId(), locationId: null, data: {}, occurredAt: 'now' };
    expect((await ask('events', { cause: causeOf(), events: [event] })).status).toBe(400);
  });
});

describe('an organisation', () => {
  it('is made once, with its places and an administrator who can sign in, and is in the list', async () => {
    const tenantId = newId();
    const locationId = newId();
    const body = {
      cause: causeOf(),
      name: 'West Clinic',
      locations: [{ locationId, name: 'Main' }],
      administrator: `admin-${tenantId}`,
    };
    expect(await ask('organizations', body, tenantId)).toEqual({ status: 200, body: { tenantId } });
    expect(await ask('organizations', body, tenantId)).toEqual({ status: 200, body: { tenantId } });
    const token = await cloud.issuer.tokenFor(body.administrator, AUDIENCE);
    expect((await call(cloud.base, '/v1/me', token)).body).toMatchObject({
      tenantId,
      grants: [{ role: 'admin', locationId: null }],
    });
    const station = await cloud.station({ ...NORTH_HARBOUR, tenantId, locationId });
    expect(await pullAll(station, 'alerts')).toEqual([]);
    const lines = [
      { type: 'DNSConfigured', data: { name: 'west.example' } },
      { type: 'DNSVerified', data: {} },
      { type: 'OrganizationActivated', data: {} },
      { type: 'UserInvited', data: { role: 'clinician' } },
      { type: 'InvitationSent', data: {} },
    ].map((line) => ({ subjectId: tenantId, locationId: null, occurredAt: '2026-11-21T10:00:00.000Z', ...line }));
    expect((await ask('events', { cause: causeOf(), events: lines }, tenantId)).status).toBe(200);
    const read = async (table: string) =>
      (await cloud.database.admin.query(`SELECT * FROM ${table} WHERE tenant_id = $1`, [tenantId])).rows;
    expect(await read('organizations_projection')).toMatchObject([
      { name: 'West Clinic', state: 'active', dns_name: 'west.example', dns_state: 'verified' },
    ]);
    expect(await read('user_invitations_projection')).toMatchObject([{ role: 'clinician', state: 'sent' }]);
    expect((await events(tenantId)).map(({ type }) => type)).toContain('StationEnrolled');
  });
});

describe('what the cloud knows of a session', () => {
  it('is set field by field, once, and reaches the stations', async () => {
    const station = await cloud.station(NORTH_HARBOUR);
    const document = sessionDocument(NORTH_HARBOUR);
    const sessionId = String(document['id']);
    await push(station, 'sessions', [rowOf(document)]);
    const { checkpoint } = await pull(station, 'sessions');
    const set = async (fields: object, cause = causeOf()) => ask(`sessions/${sessionId}/cloud`, { cause, fields });
    const cause = causeOf();
    expect((await set({ syncedAt: 'a' }, cause)).body).toEqual({ version: 2 });
    expect((await set({ fusionStartedAt: 'b' })).body).toEqual({ version: 3 });
    expect((await set({ syncedAt: 'a' }, cause)).body).toEqual({ version: 2 });
    const { rows } = await pull(station, 'sessions', checkpoint);
    expect(rows).toMatchObject([{ version: 3, document: { cloud: { syncedAt: 'a', fusionStartedAt: 'b' } } }]);
    expect(rows[0]?.document).toHaveProperty('hlc.cloud', expect.stringMatching(/^\d+-\d+-cloud$/));
    const read = await ask('documents/read', { collection: 'sessions', id: sessionId });
    expect(read.body).toMatchObject({ deleted: false, version: 3 });
    // Another tenant's activity does not even see it.
    expect((await ask(`sessions/${sessionId}/cloud`, { cause, fields: {} }, SOUTH_HARBOUR.tenantId)).status).toBe(404);
    const elsewhere = { collection: 'sessions', id: sessionId };
    expect((await ask('documents/read', elsewhere, SOUTH_HARBOUR.tenantId)).status).toBe(404);
  });
});

describe('a purge', () => {
  it('removes old deletions and answers, keeps the rest, and has those who were away longer begin again', async () => {
    const station = await cloud.station(NORTH_HARBOUR);
    const [gone, kept, recent] = [1, 2, 3].map(() => alertDocument(NORTH_HARBOUR));
    const both = [gone!, kept!];
    await push(
      station,
      'alerts',
      both.map((document) => rowOf(document)),
    );
    const away = (await pull(station, 'alerts')).checkpoint;
    await push(station, 'alerts', [rowOf(gone!, { document: gone!, deleted: false, version: 1 }, true)]);
    await cloud.database.admin.query('ALTER TABLE documents DISABLE TRIGGER documents_stamp');
    await cloud.database.admin.query(`UPDATE documents SET changed_at = now() - interval '200 days'`);
    await cloud.database.admin.query('ALTER TABLE documents ENABLE TRIGGER documents_stamp');
    await cloud.database.admin.query(`UPDATE mutations SET created_at = now() - interval '200 days'`);
    await push(station, 'alerts', [rowOf(recent!, null, true)]);
    const current = (await pull(station, 'alerts')).checkpoint;
    expect((await ask('purge', { cause: causeOf(), olderThanDays: 179 })).status).toBe(400);
    const { body } = await ask('purge', { cause: causeOf(), olderThanDays: 180 });
    expect(body).toMatchObject({ tombstones: 1, departures: 0 });
    expect(body['mutations']).toBeGreaterThanOrEqual(2);
    expect((await pull(station, 'alerts', away)).resync).toBe('TOMBSTONES_PURGED');
    expect((await pull(station, 'alerts', current)).resync).toBeNull();
    const left = await pullAll(station, 'alerts');
    expect(left.map(({ document, deleted }) => [document['id'], deleted])).toEqual([
      [kept!['id'], false],
      [recent!['id'], true],
    ]);
  });
});
