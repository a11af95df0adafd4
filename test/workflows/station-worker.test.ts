/**
 * A whole station with its processes, polled for from a real Temporal server: the supervisor, the process that polls, core and the analysis.
 * What the station found of itself arrives in the cloud as it signed it, though the process that polls was killed in the middle.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { AcceptanceState, SiteAcceptanceInput } from '../../electron/contract/index.ts';
import { newId } from '../../electron/contract/index.ts';
import { stationIdentity, stationIdOf, writePlace } from '../../electron/core/station.ts';
import { newKey, openStore } from '../../electron/core/store/index.ts';
import { buildId } from '../../electron/services/build-id.ts';
import { sourceEntries, sourceModelsDirectory } from '../../electron/services/entries.ts';
import { createNodeLauncher } from '../../electron/services/node-launcher.ts';
import type { ServicePort } from '../../electron/services/service-process.ts';
import type { StationState, Supervisor } from '../../electron/services/supervisor.ts';
import { createSupervisor } from '../../electron/services/supervisor.ts';
import { NORTH_HARBOUR } from '../../workflows/api/testing/test-api.ts';
import { tenantKey } from '../../workflows/codec/keys.ts';
import { needsTemporal } from '../../workflows/testing/needs-temporal.ts';
import { Rig, TEST_KEY } from '../../workflows/testing/rig.ts';
import { QUICK_STATION, SiteRig } from './site-rig.ts';

const LIMIT_MS = 300_000;

const key = newKey();
const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
/** Of the processes as they run now, by name. */
const pids = new Map<string, number>();

let site: SiteRig;
let directory: string;
let stationId: string;
let supervisor: Supervisor<ServicePort>;
beforeAll(async () => {
  const server = inject('temporal');
  if (server === null) return;
  const rig = await Rig.start(server);
  site = new SiteRig(rig, await rig.lane({ timing: QUICK_STATION }));
  directory = mkdtempSync(join(tmpdir(), 'vantage-station-'));
  stationId = await placedStation(directory);
  const keysFile = join(directory, 'payload.keys');
  const own = tenantKey(TEST_KEY, NORTH_HARBOUR.tenantId);
  writeFileSync(keysFile, `${own.id}:${Buffer.from(own.key).toString('base64')}`, { mode: 0o600 });
  supervisor = createSupervisor<ServicePort>({
    launcher: createNodeLauncher({
      ...process.env,
      TEMPORAL_ADDRESS: server.address,
      TEMPORAL_NAMESPACE: server.namespace,
      TEMPORAL_PAYLOAD_KEYS_FILE: keysFile,
    }),
    buildId: buildId(),
    entries: sourceEntries(),
    clinic: { directory, mode: 'clinic' },
    keys: {
      custody: { kind: 'file' },
      load: async () => key,
      passphrases: () => [],
      isByRecovery: () => false,
      unlock: async () => key,
      opened: async () => undefined,
      save: async () => undefined,
    },
    modelsDirectory: sourceModelsDirectory(),
    hasWorkflows: true,
    log: {
      ...quiet,
      info: (fields: object) => {
        if ('pid' in fields && 'process' in fields) pids.set(String(fields.process), Number(fields.pid));
      },
    },
    // The analysis is made to stand still for as long as another process takes to start.
    timing: { patientHeartbeatMs: LIMIT_MS },
  });
  await supervisor.start();
}, LIMIT_MS);
afterAll(async () => {
  await supervisor?.stop();
  await site?.rig.close();
  if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
}, LIMIT_MS);

/** A clinic's station that knows where it stands. @returns its id */
async function placedStation(folder: string): Promise<string> {
  const id = stationIdOf(folder);
  const store = await openStore({ directory: folder, key, now: Date.now, stationId: id, log: quiet });
  const { tenantId, locationId } = NORTH_HARBOUR;
  const names = { clinicName: 'North', locationName: 'Harbour', stationName: 'Station 9' };
  const identity = stationIdentity(store, 'clinic', id);
  await store.transaction(({ sqlite }) => writePlace(sqlite, identity, { tenantId, locationId, ...names }));
  await store.close();
  return id;
}

function pidOf(name: string): number {
  const pid = pids.get(name);
  if (pid === undefined) throw new Error(`${name} was never started`);
  return pid;
}

async function untilStation(isSo: (state: StationState) => boolean): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const look = (state: StationState): void => {
    if (isSo(state)) resolve();
  };
  const stop = supervisor.onState(look);
  look(supervisor.state);
  await promise;
  stop();
}

describe('a station', () => {
  it(
    'is asked to try itself out, its process is killed in the middle of a check, and it signs what it found all the same',
    async (context) => {
      needsTemporal(context);
      expect(supervisor.state).toMatchObject({ phase: 'ready', problem: null });
      const runId = newId();
      const { tenantId, locationId } = NORTH_HARBOUR;
      const startedAt = '2026-11-21T09:00:00.000Z';
      const input: SiteAcceptanceInput = { runId, tenantId, locationId, stationId, buildId: '0.1.0', startedAt };
      // It answers again once it may go on: until then its check is under way.
      process.kill(pidOf('inference'), 'SIGSTOP');
      const run = await site.run('acceptance', runId, input).start();
      await run.until<AcceptanceState>(({ check }) => check === 'inference');
      await run.isAtWork('runCheck');
      const killed = pidOf('station-worker');
      process.kill(killed, 'SIGKILL');
      await untilStation(({ processes }) =>
        processes.some(
          ({ name, state, restarts }) => name === 'station-worker' && state === 'running' && restarts === 1,
        ),
      );
      expect(pidOf('station-worker')).not.toBe(killed);
      process.kill(pidOf('inference'), 'SIGCONT');
      expect(await run.handle.result()).toMatchObject({ siteStatus: 'NOT_READY', verdict: 'incomplete' });
      // It fell silent while at work, and was asked again.
      expect(await run.timeouts()).toContain('HEARTBEAT');
      const { rows } = await site.rig.cloud.database.admin.query<{ data: { signed: { report: unknown } } }>(
        `SELECT data FROM domain_events WHERE subject_id = $1 AND type = 'AcceptanceReported'`,
        [runId],
      );
      expect(rows.map(({ data }) => data.signed.report)).toMatchObject([
        {
          stationId,
          verdict: 'incomplete',
          checks: [
            { check: 'storage', outcome: 'passed' },
            { check: 'network', outcome: 'not-available', reason: 'NOT_ENROLLED' },
            { check: 'inference', outcome: 'passed' },
            { check: 'devices', outcome: 'not-available' },
          ],
        },
      ]);
    },
    LIMIT_MS,
  );
});
