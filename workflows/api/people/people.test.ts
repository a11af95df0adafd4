import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../../electron/contract/index.ts';
import type { Answer } from '../testing/station.ts';
import { call } from '../testing/station.ts';
import type { TestApi } from '../testing/test-api.ts';
import { AUDIENCE, NORTH_HARBOUR, NORTH_HILL, SOUTH_HARBOUR, startTestApi } from '../testing/test-api.ts';

let cloud: TestApi;
let admin: string;
beforeAll(async () => {
  cloud = await startTestApi();
  admin = await cloud.person('admin', NORTH_HARBOUR, true);
});
afterAll(async () => cloud.close());

const clinicianHere = { role: 'clinician', locationId: NORTH_HARBOUR.locationId, patientId: null };

async function put(token: string, personId: string, body: unknown): Promise<Answer> {
  const response = await fetch(`${cloud.base}/v1/people/${personId}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

async function letIn(subject: string, grants: readonly unknown[]): Promise<string> {
  const { status, body } = await call(cloud.base, '/v1/people', admin, { subject, grants });
  expect(status).toBe(200);
  return String(body['personId']);
}

describe('people', () => {
  it('are let in with roles, changed, and shut out, with the next request', async () => {
    const subject = newId();
    const token = await cloud.issuer.tokenFor(subject, AUDIENCE);
    expect((await call(cloud.base, '/v1/me', token)).status).toBe(403);
    const personId = await letIn(subject, [clinicianHere]);
    expect((await call(cloud.base, '/v1/me', token)).body).toEqual({
      personId,
      tenantId: NORTH_HARBOUR.tenantId,
      grants: [clinicianHere],
    });
    const technician = { role: 'technician', locationId: NORTH_HILL.locationId, patientId: null };
    expect((await put(admin, personId, { active: true, grants: [technician] })).status).toBe(200);
    expect((await call(cloud.base, '/v1/me', token)).body['grants']).toEqual([technician]);
    expect((await put(admin, personId, { active: false, grants: [] })).status).toBe(200);
    expect((await call(cloud.base, '/v1/me', token)).status).toBe(403);
    const { rows } = await cloud.database.admin.query<{ metadata: { actor: string } }>(
      `SELECT metadata FROM domain_events WHERE type = 'RolesChanged' AND subject_id = $1`,
      [personId],
    );
    expect(rows).toHaveLength(3);
    expect(rows[0]?.metadata.actor).toMatch(/^person:/);
  });

  it('are let in once', async () => {
    const subject = newId();
    await letIn(subject, []);
    expect(await call(cloud.base, '/v1/people', admin, { subject, grants: [] })).toMatchObject({
      status: 409,
      body: { code: 'STATUS_CONFLICT' },
    });
  });

  it('of another clinic are neither seen nor changed, nor given places of another clinic', async () => {
    const south = await cloud.person('admin', SOUTH_HARBOUR, true);
    const personId = await letIn(newId(), [clinicianHere]);
    const { body } = await call(cloud.base, '/v1/people', south);
    expect(JSON.stringify(body)).not.toContain(personId);
    expect(await put(south, personId, { active: false, grants: [] })).toMatchObject({ status: 404 });
    const abroad = { role: 'clinician', locationId: SOUTH_HARBOUR.locationId, patientId: null };
    expect(await call(cloud.base, '/v1/people', admin, { subject: newId(), grants: [abroad] })).toMatchObject({
      status: 400,
      body: { code: 'INPUT_INVALID', detail: 'grants' },
    });
  });

  it('are managed by administrators of every location only, who cannot shut themselves out', async () => {
    const local = await cloud.person('admin', NORTH_HARBOUR);
    expect((await call(cloud.base, '/v1/people', local)).status).toBe(403);
    expect((await call(cloud.base, '/v1/people', local, { subject: newId(), grants: [] })).status).toBe(403);
    const me = await call(cloud.base, '/v1/me', admin);
    expect(await put(admin, String(me.body['personId']), { active: true, grants: [clinicianHere] })).toMatchObject({
      status: 400,
    });
  });

  it('are patients only with the patient that they are', async () => {
    for (const grant of [
      { role: 'patient', locationId: null, patientId: null },
      { role: 'clinician', locationId: null, patientId: newId() },
    ]) {
      expect((await call(cloud.base, '/v1/people', admin, { subject: newId(), grants: [grant] })).status).toBe(400);
    }
  });
});
