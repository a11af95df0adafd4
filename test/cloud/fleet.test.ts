/** What an operator elsewhere is told of a real station: that it is there, and what it has not sent. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { FleetStation } from '../../electron/contract/index.ts';
import { TestBrowser, firstOf } from '../../workflows/api/testing/browser.ts';
import type { TestApi } from '../../workflows/api/testing/test-api.ts';
import { NORTH_HARBOUR, startTestApi } from '../../workflows/api/testing/test-api.ts';
import { BY, startStation, stopStations } from './station.ts';

let cloud: TestApi;
beforeAll(async () => {
  cloud = await startTestApi();
});
afterAll(async () => cloud.close());
afterEach(stopStations);

it('a station tells by itself what it has not sent, as soon as it is online', async () => {
  const station = await startStation();
  await station.sync.enrol({ address: cloud.base, code: await cloud.enrolmentCode(NORTH_HARBOUR) }, BY);
  const browser = new TestBrowser(cloud.base, cloud.config.publicUrl);
  expect(await browser.signIn(await cloud.subject('operator', NORTH_HARBOUR))).toBe('/');
  const find = (stations: readonly FleetStation[]): FleetStation | undefined =>
    stations.find(({ stationId }) => stationId === station.station.stationId);
  const view = await firstOf(
    await browser.client().fleet.watch(),
    ({ stations }) => (find(stations)?.unsent ?? null) !== null,
  );
  const { unpushed } = await station.sync.state();
  const told = find(view.stations)?.unsent;
  expect(told).toMatchObject({ files: 0 });
  expect(Object.keys(told ?? {}).toSorted()).toEqual([...Object.keys(unpushed), 'at'].toSorted());
  expect(find(view.stations)).toMatchObject({ state: 'active', quarantined: { records: 0 }, trailBreaks: 0 });
});
