import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLOUD_PATHS, MAX_DRIFT_MS, formatHlc } from '../../../electron/contract/index.ts';
import { alertDocument, push, rowOf } from '../testing/documents.ts';
import type { TestStation } from '../testing/station.ts';
import { call } from '../testing/station.ts';
import type { TestApi } from '../testing/test-api.ts';
import { NORTH_HARBOUR, NORTH_HILL, SOUTH_HARBOUR, startTestApi } from '../testing/test-api.ts';

let cloud: TestApi;
beforeAll(async () => {
  cloud = await startTestApi();
});
afterAll(async () => cloud.close());

/** Listens as a station does. */
async function listen(station: TestStation) {
  const abort = new AbortController();
  const response = await fetch(`${cloud.base}${CLOUD_PATHS.stream}`, {
    headers: { authorization: `Bearer ${station.token}` },
    signal: abort.signal,
  });
  let text = '';
  let ended = false;
  const reading = (async () => {
    for await (const chunk of response.body ?? []) text += Buffer.from(chunk).toString();
  })().then(
    () => (ended = true),
    () => (ended = true),
  );
  return {
    response,
    text: () => text,
    pokes: () => text.split('data: RESYNC\n\n').length - 1,
    ended: () => ended,
    hangUp: async () => {
      abort.abort();
      await reading;
    },
  };
}

async function streamsOpen(): Promise<number> {
  return (await cloud.api.parts.metrics.streams.get()).values[0]?.value ?? 0;
}

describe('the stream', () => {
  it('says RESYNC at once, and of which collection after each commit of others at the location, and never anything else', async () => {
    const one = await cloud.station(NORTH_HARBOUR);
    const two = await cloud.station(NORTH_HARBOUR);
    const hill = await cloud.station(NORTH_HILL);
    const south = await cloud.station(SOUTH_HARBOUR);
    await expect.poll(() => cloud.api.parts.pokes.connected).toBe(true);
    const here = await listen(one);
    const there = await listen(hill);
    const abroad = await listen(south);
    expect(here.response.headers.get('content-type')).toBe('text/event-stream');
    await expect.poll(() => [here.pokes(), there.pokes(), abroad.pokes()]).toEqual([1, 1, 1]);
    await push(one, 'alerts', [rowOf(alertDocument(NORTH_HARBOUR))]);
    await push(two, 'alerts', [rowOf(alertDocument(NORTH_HARBOUR)), rowOf(alertDocument(NORTH_HARBOUR))]);
    await expect.poll(() => here.pokes()).toBe(2);
    const other = await cloud.station(NORTH_HILL);
    await push(other, 'alerts', [rowOf(alertDocument(NORTH_HILL))]);
    await expect.poll(() => there.pokes()).toBe(2);
    expect([here.pokes(), abroad.pokes()]).toEqual([2, 1]);
    const rest = here.text().replaceAll('data: RESYNC\n\n', '').replaceAll(':\n\n', '');
    expect(rest).toMatch(/^id: alerts \d+\n$/);
    for (const stream of [here, there, abroad]) await stream.hangUp();
    await expect.poll(streamsOpen).toBe(0);
  });

  it('tells a station of its own write where the cloud keeps it otherwise than it was sent', async () => {
    const one = await cloud.station(NORTH_HARBOUR);
    await expect.poll(() => cloud.api.parts.pokes.connected).toBe(true);
    const here = await listen(one);
    await expect.poll(() => here.pokes()).toBe(1);
    const farAhead = formatHlc({ ms: Date.now() + 2 * MAX_DRIFT_MS, counter: 0, stationId: one.stationId });
    await push(one, 'alerts', [rowOf(alertDocument(NORTH_HARBOUR, { hlc: { kind: farAhead } }))]);
    await expect.poll(() => here.pokes()).toBe(2);
    await here.hangUp();
    await expect.poll(streamsOpen).toBe(0);
  });

  it('says RESYNC to everybody after the connection to the database was away', async () => {
    const one = await cloud.station(NORTH_HARBOUR);
    await expect.poll(() => cloud.api.parts.pokes.connected).toBe(true);
    const here = await listen(one);
    await expect.poll(() => here.pokes()).toBe(1);
    await cloud.database.admin.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE application_name = 'vantage-pokes' AND datname = current_database()`,
    );
    await expect.poll(() => here.pokes()).toBe(2);
    const two = await cloud.station(NORTH_HARBOUR);
    await push(two, 'alerts', [rowOf(alertDocument(NORTH_HARBOUR))]);
    await expect.poll(() => here.pokes()).toBe(3);
    await here.hangUp();
  });

  it('ends when the station is taken out of service, and when its token runs out', async () => {
    const gone = await cloud.station(NORTH_HARBOUR);
    const late = await cloud.station(NORTH_HARBOUR);
    const streams = [await listen(gone), await listen(late)];
    await expect.poll(streamsOpen).toBe(2);
    const operator = await cloud.person('operator', NORTH_HARBOUR);
    await call(cloud.base, `/v1/stations/${gone.stationId}/revoke`, operator, {});
    await expect.poll(() => streams[0]?.ended()).toBe(true);
    expect(streams[1]?.ended()).toBe(false);
    cloud.clock.aheadMs = 601_000;
    await expect.poll(() => streams[1]?.ended()).toBe(true);
    cloud.clock.aheadMs = 0;
  });

  it('is not opened for a station that is not accepted', async () => {
    const gone = await cloud.station(NORTH_HARBOUR);
    const operator = await cloud.person('operator', NORTH_HARBOUR);
    await call(cloud.base, `/v1/stations/${gone.stationId}/revoke`, operator, {});
    expect(await gone.call(CLOUD_PATHS.stream)).toMatchObject({ status: 403, body: { code: 'STATION_REFUSED' } });
  });
});
