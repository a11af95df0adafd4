/** The router over a reader that answers as a station with a cloud does, and over a real clinic that has none. */
import { call } from '@orpc/server';
import { afterEach, describe, expect, it } from 'vitest';
import { until } from '../../../test/fixtures/client.ts';
import type { TestClinic } from '../../../test/fixtures/clinic.ts';
import { openTestClinic } from '../../../test/fixtures/clinic.ts';
import { beginVisit, takePicture } from '../../../test/fixtures/visit.ts';
import type { ArtefactRef, Role } from '../../contract/index.ts';
import { newId } from '../../contract/index.ts';
import { openTestStore, temporaryFolder } from '../store/testing/documents.ts';
import { noCloud } from '../sync/no-cloud.ts';
import type { SyncReader } from '../sync/sync-reader.ts';
import type { ApiContext } from './guard.ts';
import { staffImplementer } from './staff-implementer.ts';
import { createSyncRouter } from './sync-router.ts';

const TEODOR = 'HR-02218';
const QUERY = { filter: 'all', cursor: null } as const;
const QUIET = { debug() {}, info() {}, warn() {}, error() {} };

function noon(): Date {
  return new Date('2026-11-21T12:00:00.000Z');
}

function never(): never {
  throw new Error('not asked here');
}

let closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.toReversed()) await close();
  closing = [];
});

async function opened(): Promise<TestClinic> {
  const clinic = await openTestClinic();
  closing.push(() => clinic.close());
  return clinic;
}

describe('where everything is, on a station without a cloud', () => {
  it('is told by time and room to those who may not know who it is, and by name, recorded, to those who may', async () => {
    const station = await opened();
    const ines = await station.signedIn('IM');
    const sessionId = await beginVisit(ines, TEODOR);
    const taken = await takePicture(ines, sessionId, 'retina-right');

    const tomasz = await station.signedIn('TP', 'technician');
    const nameless = await until(await tomasz.sync.artefacts(QUERY), ({ rows }) => rows.length > 0);
    expect(nameless.rows[0]).toMatchObject({
      artefact: { kind: 'capture', id: taken.captureId, part: 'image' },
      patient: null,
      onDisk: { state: 'done' },
      inCloud: { state: 'no-cloud' },
      verified: { state: 'no-cloud' },
    });
    expect(JSON.stringify(nameless)).not.toMatch(/Teodor|Samplesson|HR-/);

    const aroha = await station.signedIn('AT', 'operator');
    const named = await until(await aroha.sync.artefacts(QUERY), ({ rows }) => rows.length > 0);
    expect(named.rows[0]?.patient).toEqual({ givenName: 'Teodor', familyName: 'Samplesson' });

    const view = await until(await aroha.sync.watch(), () => true);
    expect(view.line.state).toBe('not-configured');
    expect(view.steps).toMatchObject({ onDisk: 1, inCloud: 0, verified: 0, onlyOnDevice: 0 });
    await expect(ines.sync.watch()).rejects.toMatchObject({ data: { code: 'NOT_ALLOWED' } });
    await expect(tomasz.sync.setBandwidth({ limitBytesPerSecond: null })).rejects.toMatchObject({
      data: { code: 'NOT_ALLOWED' },
    });
    await expect(aroha.sync.setBandwidth({ limitBytesPerSecond: 1e6 })).rejects.toMatchObject({
      data: { code: 'NOT_FOUND' },
    });
  });
});

describe('what people ask of sync', () => {
  it('is done, and each of it leaves an entry', async () => {
    const folder = temporaryFolder();
    const store = await openTestStore(folder.path);
    closing.push(async () => {
      await store.close();
      folder.remove();
    });
    const asked: unknown[] = [];
    const sync: SyncReader = {
      ...noCloud(store, () => 0),
      tryNow: () => asked.push('try'),
      resend: async (artefact) => void asked.push(artefact),
      setBandwidth: async (limit) => void asked.push(limit),
    };
    const entries: string[] = [];
    const os = staffImplementer({ now: noon, log: QUIET, refused: () => undefined, seen: () => undefined });
    const router = createSyncRouter(
      os.sync,
      {
        store,
        sync,
        audit: async (actor, action, kind, id) => void entries.push(`${actor.initials} ${action} ${kind} ${id}`),
        station: { stationId: 'station', locationId: 'location' },
        sources: { lostBlobs: { has: () => false } },
      },
      never,
      { view: never, artefacts: never },
    );
    const options = { context: contextOf('operator') };
    const artefact: ArtefactRef = { kind: 'capture', id: newId(), part: 'image' };
    await call(router.tryNow, undefined, options);
    await call(router.resend, artefact, options);
    await call(router.setBandwidth, { limitBytesPerSecond: 2_000_000 }, options);
    expect(asked).toEqual(['try', artefact, 2_000_000]);
    expect(entries).toEqual([
      'DP sync.tried station station',
      `DP artefact.resent capture ${artefact.id}`,
      'DP sync.bandwidth-set station station',
    ]);
    await expect(call(router.tryNow, undefined, { context: contextOf('facilitator') })).rejects.toMatchObject({
      data: { code: 'NOT_ALLOWED' },
    });
  });
});

function contextOf(role: Role): ApiContext {
  return {
    screen: {
      screen: { surface: 'staff', screenSessionId: 'screen' },
      actor: { staffId: newId(), name: 'Dana Primjer', initials: 'DP', roles: [role] },
      abort: new AbortController(),
      lines: 1,
      leftAtMs: null,
    },
  };
}
