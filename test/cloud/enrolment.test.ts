import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CLOUD_PATHS, newId } from '../../electron/contract/index.ts';
import type { Draft } from '../../electron/core/store/index.ts';
import { wantRotation } from '../../electron/core/sync/cloud-account.ts';
import type { Fetch } from '../../electron/core/sync/cloud-client.ts';
import { readPayloadKeys } from '../../electron/core/sync/payload-keys.ts';
import type { NamedKey } from '../../workflows/codec/keys.ts';
import { tenantKey } from '../../workflows/codec/keys.ts';
import { call } from '../../workflows/api/testing/station.ts';
import type { TestApi } from '../../workflows/api/testing/test-api.ts';
import { NORTH_HARBOUR, NORTH_HILL, startTestApi } from '../../workflows/api/testing/test-api.ts';
import type { RunningStation } from './station.ts';
import { BY, startStation, stopStations, until } from './station.ts';

let cloud: TestApi;
/** Of the installation; what stands in it is what the cloud has. */
const masters: NamedKey[] = [];
const MASTERS = ['2025', '2026'].map((id, at) => ({ id, key: new Uint8Array(32).fill(at + 1) }));
beforeAll(async () => {
  cloud = await startTestApi({}, { workflows: { temporal: null, webUrl: null, keys: masters } });
});
afterAll(async () => cloud.close());
beforeEach(() => {
  cloud.clock.aheadMs = 0;
  masters.splice(0);
});
afterEach(stopStations);

async function enrolled(place = NORTH_HARBOUR, fetch?: Fetch): Promise<RunningStation> {
  const station = await startStation(fetch === undefined ? {} : { fetch });
  await station.sync.enrol({ address: cloud.base, code: await cloud.enrolmentCode(place) }, BY);
  return station;
}

async function isOnline({ sync }: RunningStation): Promise<boolean> {
  const { line } = await sync.state();
  return line.state === 'online' && line.problem === null;
}

function alertDraft({ station }: RunningStation): Draft<'alerts'> {
  return {
    id: newId(),
    tenantId: station.tenantId,
    locationId: station.locationId,
    authorId: station.stationId,
    kind: 'disk',
    severity: 'warn',
    subjectId: 'disk',
    text: 'Little room is left',
    resolvedAt: null,
  };
}

const SCALE = {
  kind: 'scale',
  name: 'Scale',
  model: 'mt-sics',
  address: { type: 'tcp', host: '127.0.0.1', port: 4001 },
} as const;

function deviceDraft({ station }: RunningStation): Draft<'devices'> {
  const id = newId();
  return {
    id,
    tenantId: station.tenantId,
    locationId: station.locationId,
    authorId: station.stationId,
    configuration: { ...SCALE, deviceId: id },
    identity: null,
    lastSeenAt: null,
  };
}

function isAbout(input: Parameters<Fetch>[0], path: string): boolean {
  return typeof input === 'string' && input.endsWith(path);
}

/** The real network, on which the answers of `path` are lost as often as is said. */
function losing(path: string, times: number): { readonly fetch: Fetch; readonly lost: () => number } {
  let lost = 0;
  return {
    lost: () => lost,
    fetch: async (input, init) => {
      const response = await fetch(input, init);
      if (isAbout(input, path) && lost < times) {
        lost += 1;
        await response.arrayBuffer();
        throw new TypeError('fetch failed');
      }
      return response;
    },
  };
}

async function keysOf(stationId: string): Promise<readonly string[]> {
  const { rows } = await cloud.database.admin.query<{ state: string }>(
    'SELECT state FROM station_keys WHERE station_id = $1 ORDER BY created_at',
    [stationId],
  );
  return rows.map(({ state }) => state);
}

async function revoke({ station }: RunningStation): Promise<void> {
  const operator = await cloud.person('operator', NORTH_HARBOUR);
  expect((await call(cloud.base, `/v1/stations/${station.stationId}/revoke`, operator, {})).status).toBe(200);
}

describe('enrolment', () => {
  it('gives the station its place and names, and sync runs', async () => {
    const station = await startStation({ ownConnections: true });
    expect((await station.sync.state()).line.state).toBe('not-configured');
    const former = station.station.tenantId;
    const code = await cloud.enrolmentCode(NORTH_HARBOUR);
    await station.sync.enrol({ address: `${cloud.base}/`, code: code.toLowerCase(), stationName: 'Room 2' }, BY);
    expect(station.station).toMatchObject({
      tenantId: NORTH_HARBOUR.tenantId,
      locationId: NORTH_HARBOUR.locationId,
      clinicName: 'north',
      locationName: 'harbour',
      stationName: 'Room 2',
    });
    expect(former).not.toBe(NORTH_HARBOUR.tenantId);
    await until(async () => isOnline(station));
    expect(station.store.audit.read({}).map(({ action }) => action)).toEqual(['station.enrolled']);
    const { rows } = await cloud.database.admin.query('SELECT name, state FROM stations WHERE id = $1', [
      station.station.stationId,
    ]);
    expect(rows).toEqual([{ name: 'Room 2', state: 'active' }]);
    expect(station.kept.lines.join('\n')).not.toContain(code);
  });

  it('outlives a restart', async () => {
    const station = await enrolled();
    const { directory } = station;
    const { stationId } = station.station;
    await station.stop();
    const again = await startStation({ directory, stationId });
    expect(again.station).toMatchObject({ tenantId: NORTH_HARBOUR.tenantId, clinicName: 'north' });
    await until(async () => isOnline(again));
  });

  it('takes along what was written before, and the cloud gets it', async () => {
    const station = await startStation();
    const { id } = await station.store.write('alerts', alertDraft(station));
    await station.sync.enrol({ address: cloud.base, code: await cloud.enrolmentCode(NORTH_HARBOUR) }, BY);
    expect(await station.store.get('alerts', id)).toMatchObject({
      tenantId: NORTH_HARBOUR.tenantId,
      locationId: NORTH_HARBOUR.locationId,
    });
    await until(async () => (await station.sync.state()).unpushed.documents === 0);
    const { rowCount } = await cloud.database.admin.query('SELECT FROM documents WHERE id = $1 AND tenant_id = $2', [
      id,
      NORTH_HARBOUR.tenantId,
    ]);
    expect(rowCount).toBe(1);
  });

  it('whose answer was lost comes through with the same code, also after a restart', async () => {
    const network = losing(CLOUD_PATHS.enrol, 1);
    const station = await startStation({ fetch: network.fetch });
    const code = await cloud.enrolmentCode(NORTH_HARBOUR);
    const former = { ...station.station };
    await expect(station.sync.enrol({ address: cloud.base, code }, BY)).rejects.toMatchObject({
      code: 'ENROLMENT_UNREACHABLE',
    });
    expect([network.lost(), station.station, station.sync.isEnrolled]).toEqual([1, former, false]);
    const { directory } = station;
    await station.stop();
    const again = await startStation({ directory, stationId: former.stationId });
    await again.sync.enrol({ address: cloud.base, code }, BY);
    await until(async () => isOnline(again));
  });

  it('is not for a demonstration, nor with a wrong code or address; nothing has changed then', async () => {
    const shown = await startStation({ mode: 'demonstration' });
    const code = await cloud.enrolmentCode(NORTH_HARBOUR);
    await expect(shown.sync.enrol({ address: cloud.base, code }, BY)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    const station = await startStation();
    const former = { ...station.station };
    const attempts = [
      [{ address: cloud.base, code: 'short' }, 'INPUT_INVALID'],
      [{ address: cloud.base, code: '0000-0000-0000-0000' }, 'ENROLMENT_REFUSED'],
      [{ address: 'http://cloud.example.org', code }, 'CLOUD_ADDRESS_WRONG'],
      [{ address: `${cloud.base}/elsewhere`, code }, 'NOT_FOUND'],
    ] as const;
    for (const [request, problem] of attempts) {
      await expect(station.sync.enrol(request, BY)).rejects.toMatchObject({ code: problem });
    }
    expect([station.station, station.sync.isEnrolled, station.store.audit.read({})]).toEqual([former, false, []]);
  });

  it('brings back a station that was taken out of service, with a new code and a new key', async () => {
    const station = await enrolled();
    await until(async () => isOnline(station));
    await revoke(station);
    station.sync.tryNow();
    await until(async () => (await station.sync.state()).line.problem?.code === 'STATION_REFUSED');
    // The visits go on meanwhile, and what they write is sent afterwards.
    const { id } = await station.store.write('alerts', alertDraft(station));
    const former = { ...station.station };
    await expect(station.sync.enrol({ address: cloud.base, code: '0000-0000-0000-0000' }, BY)).rejects.toMatchObject({
      code: 'ENROLMENT_REFUSED',
    });
    expect(station.station).toEqual(former);
    await station.sync.enrol({ address: cloud.base, code: await cloud.enrolmentCode(NORTH_HARBOUR) }, BY);
    await until(async () => isOnline(station));
    await until(async () => (await station.sync.state()).unpushed.documents === 0);
    expect((await keysOf(station.station.stationId)).toSorted()).toEqual(['active', 'revoked']);
    const { rowCount } = await cloud.database.admin.query('SELECT FROM documents WHERE id = $1', [id]);
    expect(rowCount).toBe(1);
  });

  it('at another location of the clinic takes the station’s devices there', async () => {
    const station = await enrolled();
    const { id } = await station.store.write('devices', deviceDraft(station));
    await until(async () => (await station.sync.state()).unpushed.documents === 0);
    await station.sync.enrol({ address: cloud.base, code: await cloud.enrolmentCode(NORTH_HILL) }, BY);
    expect(station.station.locationId).toBe(NORTH_HILL.locationId);
    expect(await station.store.get('devices', id)).toMatchObject({ locationId: NORTH_HILL.locationId });
    await until(async () => isOnline(station));
  });
});

describe('a new key', () => {
  it('takes the place of the one before', async () => {
    const station = await enrolled();
    wantRotation(station.store.sqlite, new Date().toISOString());
    const { directory } = station;
    const { stationId } = station.station;
    await station.stop();
    const again = await startStation({ directory, stationId });
    await until(() => again.store.audit.read({}).some(({ action }) => action === 'station.key-rotated'));
    expect(await keysOf(stationId)).toEqual(['retired', 'active']);
    await until(async () => isOnline(again));
    await again.stop();
    const third = await startStation({ directory, stationId });
    await until(async () => isOnline(third));
    expect(await keysOf(stationId)).toEqual(['retired', 'active']);
  });

  it.each([
    ['its announcement', CLOUD_PATHS.rotateKey],
    ['the first token for it', CLOUD_PATHS.token],
  ])('does not lock the station out when the answer to %s is lost', async (_what, path) => {
    const station = await enrolled();
    const { directory } = station;
    const { stationId } = station.station;
    await station.stop();
    // A token for the key before comes first: lost are the second and later answers.
    let seen = 0;
    const isToken = path === CLOUD_PATHS.token;
    const network = losing(path, 1);
    const fetchLosing: Fetch = async (input, init) => {
      if (isAbout(input, path)) seen += 1;
      return isToken && seen === 1 ? fetch(input, init) : network.fetch(input, init);
    };
    const faulty = await startStation({ directory, stationId, fetch: fetchLosing });
    await until(async () => isOnline(faulty));
    wantRotation(faulty.store.sqlite, new Date().toISOString());
    faulty.sync.tryNow();
    await until(() => network.lost() === 1);
    await faulty.stop();
    const again = await startStation({ directory, stationId });
    await until(() => again.store.audit.read({}).some(({ action }) => action === 'station.key-rotated'));
    await until(async () => isOnline(again));
    expect(await keysOf(stationId)).toEqual(['retired', 'active']);
  });
});

describe('the clock', () => {
  it('that is off is told, and what is written goes to the cloud all the same', async () => {
    const station = await enrolled();
    await until(async () => isOnline(station));
    cloud.clock.aheadMs = 9 * 3_600_000;
    for (let asked = 0; asked < 5; asked += 1) {
      const { lastContactAt } = station.sync.running!.connectivity;
      station.sync.tryNow();
      await until(() => station.sync.running!.connectivity.lastContactAt !== lastContactAt);
    }
    await until(async () => (await station.sync.state()).clock.state === 'off');
    expect(station.sync.problems).toMatchObject([{ code: 'CLOCK_OFF' }]);
    await station.store.write('alerts', alertDraft(station));
    await until(async () => (await station.sync.state()).unpushed.documents === 0);
  });
});

/** Its token has run out. */
function signInAgain({ sync }: RunningStation): void {
  cloud.clock.aheadMs += 11 * 60_000;
  sync.tryNow();
}

/** As a station writes them down. */
function given(...which: readonly NamedKey[]): string {
  return which
    .map((master) => tenantKey(master, NORTH_HARBOUR.tenantId))
    .map(({ id, key }) => `${id}:${Buffer.from(key).toString('base64')}`)
    .join(',');
}

describe('the keys for the cloud’s workflows', () => {
  const [older, newer] = MASTERS as [NamedKey, NamedKey];

  it('come with the enrolment: the tenant’s own, and not the installation’s', async () => {
    masters.push(older);
    const station = await enrolled();
    expect(readPayloadKeys(station.store.sqlite)).toBe(given(older));
    expect(given(older)).not.toContain(Buffer.from(older.key).toString('base64'));
    const logged = JSON.stringify([station.kept.lines, cloud.logged]);
    expect(logged).not.toContain(given(older).split(':')[1] ?? '');
  });

  it('come later where the cloud had none, and change as it says, without a new enrolment', async () => {
    const station = await enrolled();
    await until(async () => isOnline(station));
    expect(readPayloadKeys(station.store.sqlite)).toBeNull();
    masters.push(older);
    signInAgain(station);
    await until(async () => readPayloadKeys(station.store.sqlite) === given(older));
    // The new one first: what was written under the one before still opens.
    masters.unshift(newer);
    signInAgain(station);
    await until(async () => readPayloadKeys(station.store.sqlite) === given(newer, older));
    const trail = station.store.sqlite
      .prepare<[], string>(`SELECT detail_json FROM audit WHERE action = 'station.workflow-keys' ORDER BY sequence`)
      .pluck()
      .all();
    expect(trail.map((detail) => JSON.parse(detail) as object)).toEqual([{ keyIds: '2025' }, { keyIds: '2026 2025' }]);
    // A cloud that has none to give for the moment takes none away.
    masters.splice(0);
    signInAgain(station);
    await until(async () => isOnline(station));
    expect(readPayloadKeys(station.store.sqlite)).toBe(given(newer, older));
  });

  it('are for stations that are accepted', async () => {
    masters.push(older);
    const path = CLOUD_PATHS.payloadKeys;
    expect((await call(cloud.base, path, await cloud.person('admin', NORTH_HARBOUR), {})).status).toBe(403);
    const other = await cloud.station(NORTH_HARBOUR);
    expect((await other.call(path, {})).body).toEqual([{ id: '2025', key: given(older).split(':')[1] }]);
    const operator = await cloud.person('operator', NORTH_HARBOUR);
    await call(cloud.base, `/v1/stations/${other.stationId}/revoke`, operator, {});
    expect((await other.call(path, {})).status).not.toBe(200);
  });
});
