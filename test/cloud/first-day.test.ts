/** A clinic's first day: a station that knows nobody is enrolled, its people arrive, and somebody unlocks it with a PIN. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { Access } from '../../electron/core/access/access.ts';
import { call } from '../../workflows/api/testing/station.ts';
import type { TestApi } from '../../workflows/api/testing/test-api.ts';
import { NORTH_HARBOUR, startTestApi } from '../../workflows/api/testing/test-api.ts';
import { BY, startStation, stopStations, until } from './station.ts';

let cloud: TestApi;
beforeAll(async () => {
  cloud = await startTestApi();
});
afterAll(async () => cloud.close());
afterEach(stopStations);

it('an administrator makes somebody, the station is enrolled, and they unlock it', async () => {
  const admin = await cloud.person('admin', NORTH_HARBOUR);
  const { locationId } = NORTH_HARBOUR;
  const mara = { locationId, name: 'Mara Lind', initials: 'ML', roles: ['facilitator'], pin: '4711' };
  const { body } = await call(cloud.base, '/v1/staff', admin, mara);
  const staffId = String(body['staffId']);
  const { store, sync } = await startStation();
  const access = new Access(store, () => new Date());
  expect(await access.people()).toEqual([]);
  await sync.enrol({ address: cloud.base, code: await cloud.enrolmentCode(NORTH_HARBOUR) }, BY);
  await until(async () => (await access.people()).length > 0);
  const screen = await access.screenState({ surface: 'staff', screenSessionId: 'a screen of the clinic' });
  await expect(access.unlock(screen, staffId, '0000')).rejects.toMatchObject({ code: 'PIN_WRONG' });
  expect(await access.unlock(screen, staffId, '4711')).toMatchObject({ name: 'Mara Lind', roles: ['facilitator'] });

  // Who comes later is there as soon as the line has said so; who is shut out is not.
  await call(cloud.base, '/v1/staff', admin, { ...mara, name: 'Noor Haddad', initials: 'NH' });
  await until(async () => (await access.people()).length === 2);
  const response = await fetch(`${cloud.base}/v1/staff/${staffId}`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' },
    body: JSON.stringify({ ...mara, active: false }),
  });
  expect(response.status).toBe(200);
  await until(async () => (await access.people()).length === 1);
});
