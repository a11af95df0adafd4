import type { RxCollection, RxDatabase, WithDeleted } from 'rxdb';
import { createRxDatabase } from 'rxdb';
import type { RxReplicationState } from 'rxdb/plugins/replication';
import { replicateRxCollection } from 'rxdb/plugins/replication';
import { getRxStorageMemory } from 'rxdb/plugins/storage-memory';
import { Subject } from 'rxjs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Checkpoint } from '../../../electron/contract/index.ts';
import { equalJson, fieldGroups, mergeDocuments, newId } from '../../../electron/contract/index.ts';
import type { Fields } from '../testing/documents.ts';
import { alertDocument, pull, push } from '../testing/documents.ts';
import type { TestStation } from '../testing/station.ts';
import type { TestApi } from '../testing/test-api.ts';
import { NORTH_HARBOUR, startTestApi } from '../testing/test-api.ts';

/** RxDB's own replication against the real API: what the contract says has to be enough for it. */

type Alert = Fields & { readonly id: string };
type Stored = WithDeleted<Alert>;

interface Clinic {
  readonly alerts: RxCollection<Alert>;
  readonly replication: RxReplicationState<Alert, Checkpoint>;
  /** What a poke does. */
  readonly resync: () => Promise<void>;
  online: boolean;
}

let cloud: TestApi;
const databases: RxDatabase[] = [];
beforeAll(async () => {
  cloud = await startTestApi();
});
afterEach(async () => {
  for (const database of databases.splice(0)) await database.close();
});
afterAll(async () => cloud.close());

function rowOf({ _deleted: deleted, ...document }: Stored) {
  return { document, deleted };
}

function storedOf(row: { readonly document: Fields; readonly deleted: boolean }): Stored {
  return { ...(row.document as Alert), _deleted: row.deleted };
}

async function openClinic(station: TestStation): Promise<Clinic> {
  const database = await createRxDatabase({
    name: `test-${newId()}`,
    storage: getRxStorageMemory(),
    multiInstance: false,
  });
  databases.push(database);
  const collections = await database.addCollections({
    alerts: {
      schema: {
        version: 0,
        primaryKey: 'id',
        type: 'object',
        properties: { id: { type: 'string', maxLength: 36 } },
        required: ['id'],
      },
      conflictHandler: {
        isEqual: (left, right) => equalJson(left, right),
        resolve: async ({ assumedMasterState: base, newDocumentState: ours, realMasterState: theirs }) => {
          return mergeDocuments(base ?? null, ours, theirs, fieldGroups.alerts);
        },
      },
    },
  });
  const alerts = collections['alerts'] as unknown as RxCollection<Alert>;
  const pokes = new Subject<'RESYNC'>();
  const clinic: { online: boolean } = { online: true };
  const requireLine = (): void => {
    if (!clinic.online) throw new Error('offline');
  };
  const replication = replicateRxCollection<Alert, Checkpoint>({
    collection: alerts,
    replicationIdentifier: 'cloud',
    live: true,
    retryTime: 20,
    autoStart: true,
    pull: {
      stream$: pokes.asObservable(),
      batchSize: 5,
      handler: async (checkpoint, limit) => {
        requireLine();
        const page = await pull(station, 'alerts', checkpoint ?? null, limit);
        if (page.resync !== null) throw new Error(page.resync);
        return { documents: page.rows.map(storedOf), checkpoint: page.checkpoint };
      },
    },
    push: {
      batchSize: 5,
      handler: async (rows) => {
        requireLine();
        const { verdicts } = await push(
          station,
          'alerts',
          rows.map(({ newDocumentState, assumedMasterState }) => ({
            ...rowOf(newDocumentState),
            assumed: assumedMasterState === undefined ? null : { ...rowOf(assumedMasterState), version: null },
          })),
        );
        return verdicts.flatMap((verdict) => (verdict.verdict === 'conflict' ? [storedOf(verdict.master)] : []));
      },
    },
  });
  await replication.awaitInitialReplication();
  return Object.assign(clinic, {
    alerts,
    replication,
    resync: async () => {
      pokes.next('RESYNC');
      await replication.awaitInSync();
    },
  });
}

async function contentOf(clinic: Clinic): Promise<readonly unknown[]> {
  const found = await clinic.alerts.find().exec();
  return found.map((document) => document.toJSON()).toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

/** Until nothing moves any more: what one of them pushes, the other has to be told of. */
async function settle(clinics: readonly Clinic[]): Promise<void> {
  for (const clinic of [...clinics, ...clinics, ...clinics]) await clinic.resync();
}

function tick(ms: number, station: TestStation): string {
  return `${ms}-0-${station.stationId}`;
}

describe('RxDB’s replication', () => {
  it('brings two stations to the same state after both worked offline, and loses nothing of either', async () => {
    const [first, second] = [await cloud.station(NORTH_HARBOUR), await cloud.station(NORTH_HARBOUR)];
    const [one, two] = [await openClinic(first), await openClinic(second)];
    const shared = alertDocument(NORTH_HARBOUR) as Alert;
    const doomed = alertDocument(NORTH_HARBOUR) as Alert;
    await one.alerts.bulkInsert([shared, doomed]);
    await settle([one, two]);
    expect(await contentOf(two)).toEqual(await contentOf(one));
    expect(await contentOf(two)).toHaveLength(2);

    one.online = false;
    two.online = false;
    const now = Date.now();
    await one.alerts.findOne(shared.id).incrementalPatch({ text: 'from one', hlc: { text: tick(now, first) } });
    await two.alerts.findOne(shared.id).incrementalPatch({ severity: 'fault', hlc: { severity: tick(now, second) } });
    await two.alerts.findOne(shared.id).incrementalPatch({
      text: 'later, from two',
      hlc: { severity: tick(now, second), text: tick(now + 5, second) },
    });
    await one.alerts.findOne(doomed.id).remove();
    const ofOne = Array.from({ length: 12 }, () => alertDocument(NORTH_HARBOUR) as Alert);
    const ofTwo = Array.from({ length: 12 }, () => alertDocument(NORTH_HARBOUR) as Alert);
    await one.alerts.bulkInsert(ofOne);
    await two.alerts.bulkInsert(ofTwo);

    one.online = true;
    two.online = true;
    await settle([one, two]);
    const content = await contentOf(one);
    expect(await contentOf(two)).toEqual(content);
    const ids = content.map((document) => (document as Alert).id);
    expect(ids.toSorted()).toEqual([shared, ...ofOne, ...ofTwo].map(({ id }) => id).toSorted());
    expect((await one.alerts.findOne(shared.id).exec())?.toJSON()).toMatchObject({
      text: 'later, from two',
      severity: 'fault',
    });
    // A third that was never there before is shown the same.
    const third = await openClinic(await cloud.station(NORTH_HARBOUR));
    await settle([third]);
    expect(await contentOf(third)).toEqual(content);
  });

  it('goes on writing to what it has just pushed, without a conflict with itself', async () => {
    const station = await cloud.station(NORTH_HARBOUR);
    const clinic = await openClinic(station);
    const alert = alertDocument(NORTH_HARBOUR) as Alert;
    await clinic.alerts.insert(alert);
    for (let turn = 1; turn <= 5; turn += 1) {
      await clinic.alerts.findOne(alert.id).incrementalPatch({ text: `turn ${turn}` });
      await clinic.replication.awaitInSync();
    }
    const { rows } = await pull(station, 'alerts', null, 500);
    const kept = rows.find(({ document }) => document['id'] === alert.id);
    expect([kept?.document['text'], kept?.version]).toEqual(['turn 5', 6]);
  });
});
