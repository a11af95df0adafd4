import { SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CLOUD_PATHS, newId } from '../../../electron/contract/index.ts';
import { TestStation, call, newStationKey } from '../testing/station.ts';
import type { TestApi } from '../testing/test-api.ts';
import { NORTH_HARBOUR, NORTH_HILL, SOUTH_HARBOUR, startTestApi } from '../testing/test-api.ts';

let cloud: TestApi;
beforeAll(async () => {
  cloud = await startTestApi();
});
afterAll(async () => cloud.close());
beforeEach(() => {
  cloud.clock.aheadMs = 0;
});

const refused = (code: string, status: number) => ({ status, body: { code } });

describe('enrolment', () => {
  it('takes a station in with a code, once, and says where it belongs', async () => {
    const station = await TestStation.create(cloud.base);
    const code = await cloud.enrolmentCode(NORTH_HARBOUR);
    expect(code).toMatch(/^[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$/);
    const { status, body } = await station.enrol(code);
    expect(status).toBe(200);
    expect(body).toEqual({
      tenantId: NORTH_HARBOUR.tenantId,
      tenantName: 'north',
      locationId: NORTH_HARBOUR.locationId,
      locationName: 'harbour',
      stationId: station.stationId,
      keyId: station.key.keyId,
      payloadKeys: null,
    });
    // The answer was lost: the same again is answered the same.
    expect((await station.enrol(code)).body).toEqual(body);
    const other = await TestStation.create(cloud.base);
    expect(await other.enrol(code)).toMatchObject(refused('ENROLMENT_REFUSED', 403));
    station.key = await newStationKey();
    expect(await station.enrol(code)).toMatchObject(refused('ENROLMENT_REFUSED', 403));
  });

  it('reads a code as people type it', async () => {
    const station = await TestStation.create(cloud.base);
    const code = await cloud.enrolmentCode(NORTH_HARBOUR);
    const request = await station.enrolRequest(code);
    const typed = code.toLowerCase().replaceAll('-', ' ').replaceAll('0', 'o').replaceAll('1', 'l');
    expect((await call(cloud.base, CLOUD_PATHS.enrol, null, { ...request, code: typed }, station.address)).status).toBe(
      200,
    );
  });

  it('refuses an unknown code, one that is too old, and a key that the station does not hold, all alike', async () => {
    const station = await TestStation.create(cloud.base);
    expect(await station.enrol('0000-0000-0000-0000')).toMatchObject(refused('ENROLMENT_REFUSED', 403));
    const code = await cloud.enrolmentCode(NORTH_HARBOUR);
    const request = await station.enrolRequest(code);
    const stolen = { ...request, publicKey: (await newStationKey()).publicKey };
    expect(await call(cloud.base, CLOUD_PATHS.enrol, null, stolen)).toMatchObject(refused('ENROLMENT_REFUSED', 403));
    cloud.clock.aheadMs = 25 * 3_600_000;
    expect(await station.enrol(code)).toMatchObject(refused('ENROLMENT_REFUSED', 403));
  });

  it('refuses a station of another clinic, and moves one of the same clinic with its new key', async () => {
    const station = await cloud.station(NORTH_HARBOUR);
    const before = station.token;
    expect(await station.enrol(await cloud.enrolmentCode(SOUTH_HARBOUR))).toMatchObject(
      refused('ENROLMENT_REFUSED', 403),
    );
    const oldKey = station.key;
    station.key = await newStationKey();
    expect((await station.enrol(await cloud.enrolmentCode(NORTH_HILL))).body).toMatchObject({
      locationId: NORTH_HILL.locationId,
    });
    expect(await station.signIn(oldKey)).toMatchObject(refused('STATION_REFUSED', 403));
    expect(await station.signIn()).toMatchObject({ status: 200, body: { locationId: NORTH_HILL.locationId } });
    expect(await call(cloud.base, CLOUD_PATHS.rotateKey, before, await rotation(station))).toMatchObject(
      refused('STATION_REFUSED', 403),
    );
  });

  it('limits guesses', async () => {
    const limited = await startTestApi();
    try {
      const station = await TestStation.create(limited.base);
      const answers = [];
      for (let guess = 0; guess < 12; guess += 1) answers.push(await station.enrol('0000-0000-0000-0000'));
      expect(answers.map((answer) => answer.status).slice(9)).toEqual([403, 429, 429]);
      expect(answers.at(-1)?.body).toMatchObject({ code: 'TOO_MANY_REQUESTS' });
      expect(answers.at(-1)?.body['waitSeconds']).toBeGreaterThan(0);
    } finally {
      await limited.close();
    }
  });

  it.each([
    ['0.9', 200],
    ['2.0', 426],
    ['nonsense', 426],
  ])('of a station with contract version %s is answered with %i', async (contractVersion, status) => {
    const station = await TestStation.create(cloud.base);
    const request = await station.enrolRequest(await cloud.enrolmentCode(NORTH_HARBOUR));
    expect(
      (await call(cloud.base, CLOUD_PATHS.enrol, null, { ...request, contractVersion }, station.address)).status,
    ).toBe(status);
  });
});

async function rotation(station: TestStation, key = station.key) {
  return { publicKey: key.publicKey, proof: await station.proof(key.keyId, key) };
}

describe('a station’s token', () => {
  it('is given for a signed challenge, whatever the station’s clock says', async () => {
    const station = await cloud.station(NORTH_HARBOUR);
    expect(await station.signIn()).toMatchObject({
      status: 200,
      body: { expiresInSeconds: 600, tenantId: NORTH_HARBOUR.tenantId, locationId: NORTH_HARBOUR.locationId },
    });
  });

  it('is given once per challenge, within a minute, to the one it was made for', async () => {
    const station = await cloud.station(NORTH_HARBOUR);
    const request = async (assertion: string) =>
      call(cloud.base, CLOUD_PATHS.token, null, { contractVersion: '1.0', assertion });
    const assertion = await station.assertion(await station.challenge());
    expect((await request(assertion)).status).toBe(200);
    expect(await request(assertion)).toMatchObject(refused('NOT_SIGNED_IN', 401));
    const late = await station.assertion(await station.challenge());
    cloud.clock.aheadMs = 61_000;
    expect(await request(late)).toMatchObject(refused('NOT_SIGNED_IN', 401));
    cloud.clock.aheadMs = 0;
    const other = await cloud.station(NORTH_HARBOUR);
    expect(await request(await station.assertion(await other.challenge()))).toMatchObject(
      refused('NOT_SIGNED_IN', 401),
    );
    const forged = await station.assertion(await station.challenge(), {
      ...(await newStationKey()),
      keyId: station.key.keyId,
    });
    expect(await request(forged)).toMatchObject(refused('NOT_SIGNED_IN', 401));
    const own = await new SignJWT({ jti: newId() })
      .setProtectedHeader({ alg: 'EdDSA', typ: 'vantage-challenge+jwt' })
      .setIssuer(cloud.config.publicUrl)
      .setAudience(cloud.config.publicUrl)
      .setSubject(station.stationId)
      .setExpirationTime('60s')
      .sign(station.key.privateKey);
    expect(await request(await station.assertion(own))).toMatchObject(refused('NOT_SIGNED_IN', 401));
  });

  it('runs out', async () => {
    const station = await cloud.station(NORTH_HARBOUR);
    const next = await newStationKey();
    cloud.clock.aheadMs = 601_000;
    expect(await station.call(CLOUD_PATHS.rotateKey, await rotation(station, next))).toMatchObject(
      refused('NOT_SIGNED_IN', 401),
    );
  });

  it('is refused at once after the station was taken out of service', async () => {
    const station = await cloud.station(NORTH_HARBOUR);
    const operator = await cloud.person('operator', NORTH_HARBOUR);
    expect((await call(cloud.base, `/v1/stations/${station.stationId}/revoke`, operator, {})).status).toBe(200);
    const next = await newStationKey();
    expect(await station.call(CLOUD_PATHS.rotateKey, await rotation(station, next))).toMatchObject(
      refused('STATION_REFUSED', 403),
    );
    expect(await station.signIn()).toMatchObject(refused('STATION_REFUSED', 403));
  });
});

describe('a new key', () => {
  it('is good at once, and the old one until the new one was used', async () => {
    const station = await cloud.station(NORTH_HARBOUR);
    const old = station.key;
    const next = await newStationKey();
    expect(await station.call(CLOUD_PATHS.rotateKey, await rotation(station, next))).toMatchObject({
      status: 200,
      body: { keyId: next.keyId },
    });
    // The answer was lost, the station still has its old key only.
    expect((await station.signIn(old)).status).toBe(200);
    expect((await station.call(CLOUD_PATHS.rotateKey, await rotation(station, next))).status).toBe(200);
    const tokenOfOld = station.token;
    expect((await station.signIn(next)).status).toBe(200);
    expect(await station.signIn(old)).toMatchObject(refused('STATION_REFUSED', 403));
    expect(await call(cloud.base, CLOUD_PATHS.rotateKey, tokenOfOld, await rotation(station, next))).toMatchObject(
      refused('NOT_SIGNED_IN', 401),
    );
  });

  it('of somebody else, or one that was used before, is not taken', async () => {
    const station = await cloud.station(NORTH_HARBOUR);
    const next = await newStationKey();
    const unproven = { publicKey: next.publicKey, proof: await station.proof(next.keyId, station.key) };
    expect(await station.call(CLOUD_PATHS.rotateKey, unproven)).toMatchObject(refused('INPUT_INVALID', 400));
    expect(await station.call(CLOUD_PATHS.rotateKey, await rotation(station))).toMatchObject(
      refused('INPUT_INVALID', 400),
    );
  });
});

describe('those who look after stations', () => {
  it('see and revoke those of their own locations only', async () => {
    const here = await cloud.station(NORTH_HARBOUR);
    const there = await cloud.station(NORTH_HILL);
    const operator = await cloud.person('operator', NORTH_HARBOUR);
    const { body } = await call(cloud.base, '/v1/stations', operator);
    const ids = (body['stations'] as readonly { readonly stationId: string }[]).map((row) => row.stationId);
    expect(ids).toContain(here.stationId);
    expect(ids).not.toContain(there.stationId);
    const { status } = await call(cloud.base, `/v1/stations/${there.stationId}/revoke`, operator, {});
    expect(status).toBe(404);
    expect((await there.signIn()).status).toBe(200);
    const code = await call(cloud.base, '/v1/enrolment-codes', operator, { locationId: NORTH_HILL.locationId });
    expect(code).toMatchObject(refused('NOT_FOUND', 404));
  });

  it('leave a trace: who enrolled, who revoked', async () => {
    const station = await cloud.station(NORTH_HARBOUR);
    const operator = await cloud.person('operator', NORTH_HARBOUR);
    await call(cloud.base, `/v1/stations/${station.stationId}/revoke`, operator, {});
    const { rows } = await cloud.database.admin.query<{ type: string; metadata: { actor: string } }>(
      'SELECT type, metadata FROM domain_events WHERE subject_id = $1 ORDER BY recorded_at',
      [station.stationId],
    );
    expect(rows.map((row) => row.type)).toEqual(['StationEnrolled', 'StationRevoked']);
    expect(rows[1]?.metadata.actor).toMatch(/^person:/);
  });
});
