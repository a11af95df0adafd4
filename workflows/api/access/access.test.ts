import { createPublicKey, randomBytes } from 'node:crypto';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../../electron/contract/index.ts';
import { ROUTES } from '../routes.ts';
import { TestStation, call } from '../testing/station.ts';
import type { TestApi } from '../testing/test-api.ts';
import { AUDIENCE, NORTH_HARBOUR, NORTH_HILL, startTestApi } from '../testing/test-api.ts';
import { signServiceToken } from './service-tokens.ts';

let cloud: TestApi;
beforeAll(async () => {
  cloud = await startTestApi();
});
afterAll(async () => cloud.close());
beforeEach(() => {
  cloud.clock.aheadMs = 0;
});

/** One route of each kind of caller. */
const FOR_STAFF = '/v1/stations';

async function status(path: string, token: string | null): Promise<readonly [number, unknown]> {
  const answer = await call(cloud.base, path, token);
  return [answer.status, answer.body['code']];
}

/** A path that a route can be found by, whatever its parameters. */
function pathOf(path: string): string {
  return path.replaceAll(':collection', 'alerts').replaceAll(/:\w+/g, '00000000-0000-4000-8000-000000000000');
}

describe('every route', () => {
  const closed = ROUTES.filter(({ who }) => !who.includes('anyone')).map(
    (route) => [route.method, route.path, route] as const,
  );

  it.each(closed)('%s %s lets in nobody without a token, nor the wrong ones', async (method, path, { who }) => {
    const tokens: Readonly<Record<string, () => Promise<string>>> = {
      station: async () => (await cloud.station(NORTH_HARBOUR)).token,
      service: async () => cloud.service(NORTH_HARBOUR.tenantId),
      patient: async () => cloud.person('patient', NORTH_HARBOUR),
      facilitator: async () => cloud.person('facilitator', NORTH_HARBOUR),
      technician: async () => cloud.person('technician', NORTH_HARBOUR),
      clinician: async () => cloud.person('clinician', NORTH_HARBOUR),
      operator: async () => cloud.person('operator', NORTH_HARBOUR),
      admin: async () => cloud.person('admin', NORTH_HARBOUR, true),
    };
    const request = async (token: string | null): Promise<number> => {
      const response = await fetch(`${cloud.base}${pathOf(path)}`, {
        method,
        headers: token === null ? {} : { authorization: `Bearer ${token}` },
      });
      await response.body?.cancel();
      return response.status;
    };
    expect(await request(null)).toBe(401);
    const letIn: string[] = [];
    for (const [caller, token] of Object.entries(tokens)) {
      const answered = await request(await token());
      if (answered !== 401 && answered !== 403) letIn.push(caller);
    }
    expect(letIn.toSorted()).toEqual(who.toSorted());
  });
});

describe('a person’s token', () => {
  it('is believed from the configured provider, for this audience, until it runs out', async () => {
    const id = newId();
    const good = await cloud.person('operator', NORTH_HARBOUR);
    expect(await status(FOR_STAFF, good)).toEqual([200, undefined]);
    cloud.clock.aheadMs = 2 * 3_600_000;
    expect(await status(FOR_STAFF, good)).toEqual([401, 'NOT_SIGNED_IN']);
    cloud.clock.aheadMs = 0;
    for (const bad of [
      await cloud.issuer.tokenFor(id, 'another audience'),
      await cloud.issuer.tokenFor(id, AUDIENCE, { issuer: 'https://elsewhere.test' }),
      await cloud.issuer.tokenFor(id, AUDIENCE, { expiresAt: new Date(Date.now() - 60_000) }),
      `${good.slice(0, -6)}AAAAAA`,
      'nonsense',
    ]) {
      expect(await status(FOR_STAFF, bad)).toEqual([401, 'NOT_SIGNED_IN']);
    }
  });

  it('of somebody whom the clinic does not know, or does not any more, opens nothing', async () => {
    expect(await status(FOR_STAFF, await cloud.issuer.tokenFor(newId(), AUDIENCE))).toEqual([403, 'NOT_ALLOWED']);
    const known = await cloud.person('admin', NORTH_HARBOUR);
    await cloud.database.admin.query('UPDATE people SET active = false');
    expect(await status(FOR_STAFF, known)).toEqual([403, 'NOT_ALLOWED']);
    await cloud.database.admin.query('UPDATE people SET active = true');
  });

  it('counts for the locations of the very role that lets in', async () => {
    const both = await cloud.person('technician', NORTH_HARBOUR);
    const { rows } = await cloud.database.admin.query<{ id: string }>(
      'SELECT id FROM people ORDER BY created_at DESC LIMIT 1',
    );
    await cloud.database.admin.query(
      `INSERT INTO people_roles (id, tenant_id, person_id, role, location_id, granted_by)
       VALUES ($1, $2, $3, 'admin', $4, 'test')`,
      [newId(), NORTH_HARBOUR.tenantId, rows[0]?.id, NORTH_HILL.locationId],
    );
    const hill = await cloud.station(NORTH_HILL);
    const harbour = await cloud.station(NORTH_HARBOUR);
    const { body } = await call(cloud.base, FOR_STAFF, both);
    const seen = (body['stations'] as readonly { readonly stationId: string }[]).map(({ stationId }) => stationId);
    // `admin` comes first among those whom the route lets in.
    expect([seen.includes(hill.stationId), seen.includes(harbour.stationId)]).toEqual([true, false]);
  });

  it('waits for a provider that does not answer, instead of being called wrong', async () => {
    const other = await startTestApi();
    try {
      const token = await other.person('operator', NORTH_HARBOUR);
      await other.issuer.stop();
      expect(await call(other.base, FOR_STAFF, token)).toMatchObject({
        status: 503,
        body: { code: 'CLOUD_UNAVAILABLE' },
      });
    } finally {
      await other.close();
    }
  });
});

describe('tokens that pretend to be another kind', () => {
  it('are refused: a station’s own signature, the public key as a secret, no signature, a challenge as a token', async () => {
    const station = await cloud.station(NORTH_HARBOUR);
    const claims = { tenantId: NORTH_HARBOUR.tenantId, locationId: NORTH_HARBOUR.locationId, keyId: 'x' };
    const token = (alg: string, typ = 'at+jwt') =>
      new SignJWT(claims)
        .setProtectedHeader({ alg, typ })
        .setIssuer(cloud.config.publicUrl)
        .setAudience(cloud.config.publicUrl)
        .setSubject(station.stationId)
        .setExpirationTime('5m');
    const publicKey = createPublicKey(cloud.config.signingKeys).export({ type: 'spki', format: 'pem' });
    const none = [
      { alg: 'none', typ: 'at+jwt' },
      { ...claims, iss: cloud.config.publicUrl, sub: station.stationId },
    ];
    for (const forged of [
      await token('EdDSA').sign(station.key.privateKey),
      await token('HS256').sign(Buffer.from(publicKey)),
      await station.challenge(),
      `${none.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`,
    ]) {
      expect(await status('/v1/replication/stream', forged)).toEqual([401, 'NOT_SIGNED_IN']);
    }
  });

  it('are refused: a service’s with another secret, for another API, or too old', async () => {
    const { serviceSecret, publicUrl } = cloud.config;
    const { tenantId } = NORTH_HARBOUR;
    for (const bad of [
      await signServiceToken(randomBytes(32), publicUrl, tenantId, new Date()),
      await signServiceToken(serviceSecret, 'https://other.test', tenantId, new Date()),
      await signServiceToken(serviceSecret, publicUrl, tenantId, new Date(Date.now() - 200_000)),
      await signServiceToken(serviceSecret, publicUrl, 'no tenant', new Date()),
    ]) {
      expect(await status(FOR_STAFF, bad)).toEqual([401, 'NOT_SIGNED_IN']);
    }
  });
});

describe('a service’s token', () => {
  it('is let in again and again, until it runs out, and not before it was made', async () => {
    const token = await cloud.service(NORTH_HARBOUR.tenantId);
    // It may not list stations; who it is was believed.
    const asked = async (): Promise<number> => (await status(FOR_STAFF, token))[0];
    expect([await asked(), await asked()]).toEqual([403, 403]);
    cloud.clock.aheadMs = 200_000;
    expect(await asked()).toBe(401);
    cloud.clock.aheadMs = -200_000;
    expect(await asked()).toBe(401);
  });
});

describe('a station that was never enrolled', () => {
  it('gets a challenge like any other, and no token', async () => {
    const stranger = await TestStation.create(cloud.base);
    expect(await stranger.challenge()).not.toBe('');
    expect(await stranger.signIn()).toMatchObject({ status: 403, body: { code: 'STATION_REFUSED' } });
  });
});
