import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MasterRow } from '../../../electron/contract/index.ts';
import { staffSchema } from '../../../electron/contract/index.ts';
import { verifyPin } from '../../../electron/core/access/pin.ts';
import { pullAll } from '../testing/documents.ts';
import type { Answer } from '../testing/station.ts';
import { call } from '../testing/station.ts';
import type { TestApi } from '../testing/test-api.ts';
import { NORTH_HARBOUR, NORTH_HILL, startTestApi } from '../testing/test-api.ts';

let cloud: TestApi;
let admin: string;
beforeAll(async () => {
  cloud = await startTestApi();
  admin = await cloud.person('admin', NORTH_HARBOUR);
});
afterAll(async () => cloud.close());

const MARA = {
  locationId: NORTH_HARBOUR.locationId,
  name: 'Mara Lind',
  initials: 'ML',
  roles: ['facilitator'],
  pin: '4711',
};

async function put(staffId: string, body: unknown): Promise<Answer> {
  const response = await fetch(`${cloud.base}/v1/staff/${staffId}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

async function staffAt(place = NORTH_HARBOUR): Promise<readonly MasterRow[]> {
  return pullAll(await cloud.station(place), 'staff');
}

async function make(fields: object = {}): Promise<string> {
  const { status, body } = await call(cloud.base, '/v1/staff', admin, { ...MARA, ...fields });
  expect(status).toBe(200);
  return String(body['staffId']);
}

const documentOf = (rows: readonly MasterRow[], id: string) =>
  staffSchema.parse(rows.find(({ document }) => document['id'] === id)?.document);

describe('the staff of a location', () => {
  it('are made with a PIN that only stations can check, and reach them as documents', async () => {
    const id = await make();
    const document = documentOf(await staffAt(), id);
    expect(document).toMatchObject({ name: 'Mara Lind', roles: ['facilitator'], active: true });
    expect(await verifyPin(document.pinHash, '4711')).toBe(true);
    expect(await verifyPin(document.pinHash, '4712')).toBe(false);
    const listed = await call(cloud.base, '/v1/staff', admin);
    expect(JSON.stringify(listed.body)).toContain('Mara Lind');
    expect(JSON.stringify([listed.body, cloud.logged])).not.toMatch(/4711|argon2/);
    expect((await staffAt(NORTH_HILL)).some((row) => row.document['id'] === id)).toBe(false);
  });

  it('are changed and shut out; the PIN stays unless there is a new one', async () => {
    const id = await make();
    const { pin: _pin, ...rest } = MARA;
    expect((await put(id, { ...rest, roles: ['facilitator', 'technician'], active: false })).status).toBe(200);
    const changed = documentOf(await staffAt(), id);
    expect(changed).toMatchObject({ roles: ['facilitator', 'technician'], active: false });
    expect(await verifyPin(changed.pinHash, '4711')).toBe(true);
    expect((await put(id, { ...MARA, pin: '9999' })).status).toBe(200);
    const again = documentOf(await staffAt(), id);
    expect(await verifyPin(again.pinHash, '9999')).toBe(true);
    expect(again.hlc['pinHash']).not.toBe(changed.hlc['pinHash']);
    expect(again.hlc['person']).toBe(changed.hlc['person']);
  });

  it('are those of the administrator’s own locations, and no other document is theirs to write', async () => {
    expect(await call(cloud.base, '/v1/staff', admin, { ...MARA, locationId: NORTH_HILL.locationId })).toMatchObject({
      status: 404,
    });
    const there = await cloud.person('admin', NORTH_HILL);
    const id = await make();
    expect(JSON.stringify((await call(cloud.base, '/v1/staff', there)).body)).not.toContain(id);
  });

  it.each([[{ pin: '12' }], [{ pin: 'abcd' }], [{ roles: [] }], [{ roles: ['patient'] }], [{ name: ' ' }]])(
    'are refused with %j',
    async (fields) => {
      expect(await call(cloud.base, '/v1/staff', admin, { ...MARA, ...fields })).toMatchObject({
        status: 400,
        body: { code: 'INPUT_INVALID' },
      });
    },
  );
});
