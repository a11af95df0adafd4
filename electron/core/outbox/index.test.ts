import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../contract/index.ts';
import type { StationIdentity } from '../station.ts';
import { stationIdentity } from '../station.ts';
import type { Store } from '../store/index.ts';
import { NOON, STATION, openTestStore, patientDraft, temporaryFolder } from '../store/testing/documents.ts';
import { writePayloadKeys } from '../sync/payload-keys.ts';
import { Visits } from '../visits/visits.ts';
import type { StationOutbox } from './index.ts';
import { openOutbox } from './index.ts';
import { nextOfEachSubject } from './outbox-rows.ts';
import { requestOf } from './request-of.ts';
import { startGrpcServer } from './testing/grpc-server.ts';
import type { GrpcServer } from './testing/grpc-server.ts';

const QUIET = { debug() {}, info() {}, warn() {}, error() {} };

let folder: ReturnType<typeof temporaryFolder>;
let store: Store;
let server: GrpcServer;
let station: StationIdentity;
beforeEach(async () => {
  folder = temporaryFolder();
  store = await openTestStore(folder.path);
  station = stationIdentity(store, 'clinic', STATION);
  server = await startGrpcServer();
});
afterEach(async () => {
  await server.close();
  await store.close();
  folder.remove();
});

const KEYS = `1:${Buffer.alloc(32, 7).toString('base64')}`;

/** @param keys as they are configured at the station; null: only those that the cloud gives */
function opened(mode: 'demonstration' | 'clinic', configured: boolean, keys: string | null = KEYS): StationOutbox {
  return openOutbox({
    store,
    station,
    mode,
    settings: configured
      ? {
          address: server.address,
          namespace: 'default',
          credentials: () => ({ tls: null, apiKey: null, payloadKeys: keys }),
        }
      : null,
    log: QUIET,
    changed: () => undefined,
  });
}

async function checkIn(seed: string): Promise<void> {
  const { tenantId, locationId } = station;
  const patient = await store.write('patients', { ...patientDraft(seed), tenantId, locationId });
  const appointment = await store.write('appointments', {
    id: newId(),
    tenantId,
    locationId,
    authorId: patient.id,
    patientId: patient.id,
    startsAt: '2026-11-21T12:30:00.000Z',
    day: '2026-11-21',
    protocolId: 'retina-only',
    room: 'Room 2',
  });
  await new Visits(store, station, () => new Date(NOON), 'test').checkIn(appointment.id, 'patient');
}

describe('the outbox of a clinic', () => {
  it('sends nothing until the cloud has given the keys, says that it waits for them, and then sends under them', async () => {
    const outbox = opened('clinic', true, null);
    await checkIn('keys');
    outbox.start();
    await expect.poll(async () => (await outbox.view()).line.state).toBe('waiting-for-keys');
    const { line, counts } = await outbox.view();
    expect(line.problem?.code).toBe('WORKFLOWS_KEYS_MISSING');
    expect(counts.waiting).toBe(1);
    expect([outbox.problems.map(({ code }) => code), server.connections]).toEqual([['WORKFLOWS_KEYS_MISSING'], 0]);
    await store.transaction(({ sqlite }) =>
      writePayloadKeys(sqlite, [{ id: 'given', key: Buffer.alloc(32, 9).toString('base64') }]),
    );
    outbox.tryNow();
    await expect.poll(async () => (await outbox.view()).counts.waiting, { timeout: 20_000 }).toBe(0);
    expect(server.bodies[0]).toContain(`${station.tenantId}/given`);
    expect(server.bodies[0]).not.toContain('startedAt');
    expect(outbox.problems).toEqual([]);
    await outbox.close();
  });

  it('has visits end in the cloud while workflows are configured, and on the station when they are not any more', async () => {
    const outbox = opened('clinic', true);
    expect(station.workflowsConfigured).toBe(true);
    expect(stationIdentity(store, 'clinic', STATION).workflowsConfigured).toBe(true);
    await checkIn('a');
    const [intent] = nextOfEachSubject(store.sqlite, 5, { startsOnly: false, tried: false });
    if (intent === undefined) throw new Error('no intent');
    expect(requestOf(intent)).toMatchObject({
      workflow: {
        type: 'sessionWorkflow',
        id: `session-${intent.subjectId}`,
        queue: 'vantage-visits',
        argument: { sessionId: intent.subjectId, tenantId: station.tenantId, buildId: 'test' },
      },
      message: null,
    });
    outbox.start();
    await expect.poll(async () => (await outbox.view()).rows[0]?.state, { timeout: 20_000 }).toBe('delivered');
    expect((await outbox.view()).rows).toMatchObject([
      { kind: 'session-start', visit: { startsAt: '2026-11-21T12:30:00.000Z', room: 'Room 2' } },
    ]);
    expect(server.calls).toEqual(['StartWorkflowExecution']);
    await outbox.close();

    const without = opened('clinic', false);
    expect(station.workflowsConfigured).toBe(false);
    await checkIn('b');
    expect((await without.view()).counts.waiting).toBe(0);
    await without.close();
  });

  it('is none in a demonstration, whatever is configured', async () => {
    const outbox = opened('demonstration', true);
    outbox.start();
    await checkIn('a');
    expect([station.workflowsConfigured, (await outbox.view()).line.state]).toEqual([false, 'not-configured']);
    expect(server.connections).toBe(0);
    await outbox.close();
  });
});
