/**
 * Two stations and the real API: new documents both ways, the same one changed on both, deletions, an answer that was lost before the
 * program ended, a refusal that is mended, a cloud that has to be read again. One station's parts fail once.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { newId } from '../../../electron/contract/index.ts';
import type { DocumentOf } from '../../../electron/contract/index.ts';
import { openStore } from '../../../electron/core/store/index.ts';
import type { Draft, Store } from '../../../electron/core/store/index.ts';
import { systemClock } from '../../../electron/core/sync/clock.ts';
import { createCloudClient } from '../../../electron/core/sync/cloud-client.ts';
import type { CloudClient, Fetch, StationClient } from '../../../electron/core/sync/cloud-client.ts';
import { startReplication } from '../../../electron/core/sync/replication/index.ts';
import type { Replication } from '../../../electron/core/sync/replication/index.ts';
import { newKeyPem, stationKeyOf } from '../../../electron/core/sync/station-key.ts';
import type { StationKey } from '../../../electron/core/sync/station-key.ts';
import type { CloudClinic, CloudDatabase } from '../cloud-database.ts';
import { differenceOf } from '../content.ts';
import { keptDocuments } from '../kept-documents.ts';
import type { SimulatedCloud } from '../simulation/cloud.ts';
import { STORE_KEY } from '../store-key.ts';
import { FaultPlan } from './fault-plan.ts';
import { faultyParts } from './faulty-parts.ts';

export interface ScenarioParts {
  readonly api: SimulatedCloud;
  readonly admin: CloudDatabase;
  /** Where stations' files lie. */
  readonly folder: string;
}

const ADDRESS = 'https://cloud.test';
/** Guards against a hang only: what is slow is not wrong. */
const PATIENCE_MS = 120_000;
const GATHER_MS = 20;
const LOOK_MS = 10;

class Station {
  readonly stationId = newId();
  readonly key: StationKey = stationKeyOf(newKeyPem());
  readonly #parts: ScenarioParts;
  readonly #clinic: CloudClinic;
  readonly #directory: string;
  readonly #plan: FaultPlan;
  readonly #pokes: Pokes;
  store!: Store;
  replication!: Replication;
  #client!: StationClient;
  online = true;
  losesAnswers = false;

  constructor(parts: ScenarioParts, clinic: CloudClinic, plan: FaultPlan, pokes: Pokes) {
    this.#parts = parts;
    this.#clinic = clinic;
    this.#directory = mkdtempSync(join(parts.folder, 'station-'));
    this.#plan = plan;
    this.#pokes = pokes;
  }

  async open(): Promise<void> {
    const { stationId, key } = this;
    this.store = await openStore({ directory: this.#directory, key: STORE_KEY, now: () => Date.now(), stationId });
    this.#client = createCloudClient({
      address: ADDRESS,
      stationId,
      keys: { current: () => key, next: () => null, promote: () => undefined },
      clock: systemClock,
      fetch: this.#fetch,
    });
    const cloud: Pick<CloudClient, 'post' | 'pokes'> = {
      post: async (path, body, schema, options) => {
        const answer = await this.#client.post(path, body, schema, options);
        if (path.endsWith('/push')) this.#pokes.poke(this);
        return answer;
      },
      pokes: (signal) => this.#pokes.listen(this, signal),
    };
    const start = (): Replication =>
      startReplication({ ...faultyParts(this.#plan, this.store, cloud), scope: this.#clinic });
    try {
      this.replication = start();
    } catch (error) {
      // Whoever starts it is told, and does so again.
      if (!this.#plan.struck) throw error;
      this.replication = start();
    }
  }

  async close(): Promise<void> {
    await this.replication.close();
    await this.#client.close();
    await this.store.close();
  }

  removeFiles(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }

  patient(fields: Partial<Draft<'patients'>> = {}): Promise<DocumentOf<'patients'>> {
    return this.store.write('patients', {
      id: newId(),
      ...this.#clinic,
      authorId: newId(),
      number: 'HR-1',
      givenName: 'Amara',
      familyName: 'Exampleton',
      birthDate: '1980-01-01',
      sex: 'female',
      ...fields,
    });
  }

  session(): Promise<DocumentOf<'sessions'>> {
    const draft = { appointmentId: newId(), patientId: newId(), protocolId: 'wellness-short', protocolVersion: '1' };
    const times = { checkedInAt: null, startedAt: null, pausedAt: null, capturedAt: null, endedAt: null };
    return this.store.write('sessions', {
      id: newId(),
      ...this.#clinic,
      authorId: newId(),
      ...draft,
      ...times,
      day: '2026-11-21',
      status: 'REVIEW',
      leadStationId: this.stationId,
      endedReason: null,
      consentId: null,
      steps: {},
      reportId: null,
      endsLocally: false,
    });
  }

  /** What people are told; the fault may be in the asking. */
  unpushed(): number {
    return this.replication.unpushed();
  }

  readonly #fetch: Fetch = async (input, init) => {
    if (!this.online) throw new TypeError('fetch failed');
    const url = new URL(input as string);
    const answer = await this.#parts.api.handle({
      method: init?.method ?? 'GET',
      path: url.pathname,
      headers: Object.fromEntries(new Headers(init?.headers).entries()),
      body: init?.body instanceof Uint8Array ? Buffer.from(init.body).toString() : null,
      from: '192.0.2.1',
    });
    if (answer === null || (this.losesAnswers && url.pathname.endsWith('/push'))) throw new TypeError('fetch failed');
    return new Response(answer.body, { status: answer.status, headers: answer.headers });
  };
}

/**
 * Pokes without the stream. As there: nobody is told of what they wrote themselves, and what is pushed within a moment is one of them.
 * Each has every collection asked for.
 */
class Pokes {
  readonly #waiting = new Map<() => void, Station>();
  readonly #from = new Set<Station>();
  #gathering = false;

  poke(from: Station): void {
    this.#from.add(from);
    if (this.#gathering) return;
    this.#gathering = true;
    setTimeout(() => {
      const [first, second] = this.#from;
      this.#from.clear();
      this.#gathering = false;
      for (const [wake, station] of this.#waiting) if (station !== first || second !== undefined) wake();
    }, GATHER_MS);
  }

  async *listen(station: Station, signal: AbortSignal): AsyncGenerator<void> {
    yield;
    while (!signal.aborted) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#waiting.delete(wake);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        this.#waiting.set(wake, station);
        signal.addEventListener('abort', wake, { once: true });
      });
      yield;
    }
  }
}

/** @throws Error with what did not hold */
export async function runScenario(parts: ScenarioParts, plan: FaultPlan): Promise<void> {
  const clinic = { tenantId: newId(), locationId: newId() };
  await parts.admin.makeClinic(clinic);
  const pokes = new Pokes();
  const calm = new FaultPlan(null);
  const [one, two] = [new Station(parts, clinic, plan, pokes), new Station(parts, clinic, calm, pokes)];
  for (const station of [one, two]) await parts.admin.addStation(clinic, station.stationId, station.key);
  await one.open();
  await two.open();
  try {
    await story(parts, clinic, one, two);
    plan.rest();
    const wrong = await one.replication.audit();
    if (wrong > 0) throw new Error(`${wrong} documents counted as pushed and were not`);
    // What a restart finds is what was kept.
    await one.close();
    await one.open();
    await settled(parts, clinic, [one, two], 'after a restart');
  } finally {
    plan.rest();
    await one.close();
    await two.close();
    one.removeFiles();
    two.removeFiles();
  }
}

async function story(parts: ScenarioParts, clinic: CloudClinic, one: Station, two: Station): Promise<void> {
  const [shared, doomed] = [await two.patient(), await two.patient()];
  const visit = await two.session();
  await one.patient();
  await one.session();
  await settled(parts, clinic, [one, two], 'new documents');

  one.online = false;
  await one.store.update('patients', shared.id, (current) => ({ ...current, number: 'of one', allergies: ['Latex'] }));
  await one.store.update('sessions', visit.id, (current) => ({ ...current, reportId: shared.id }));
  await two.store.update('patients', shared.id, (current) => ({ ...current, number: 'of two' }));
  await two.store.update('sessions', visit.id, (current) => ({ ...current, endedReason: 'early' }));
  await two.store.transaction((tx) => tx.remove('patients', doomed.id));
  await two.replication.drained();
  one.online = true;
  one.replication.tryNow();
  await settled(parts, clinic, [one, two], 'conflicts');
  await holds(one, 'patients', shared.id, { number: 'of two', allergies: ['Latex'] });
  await holds(one, 'sessions', visit.id, { reportId: shared.id, endedReason: 'early' });

  one.losesAnswers = true;
  const [hasty, gone] = [await one.patient({ familyName: 'Before' }), await one.patient()];
  await eventually(async () => (await parts.admin.documents(clinic)).has(`patients/${gone.id}`), 'it is sent');
  await one.store.update('patients', hasty.id, (current) => ({ ...current, familyName: 'After' }));
  await one.store.transaction((tx) => tx.remove('patients', gone.id));
  await one.close();
  one.losesAnswers = false;
  await one.open();
  await settled(parts, clinic, [one, two], 'a lost answer');
  await holds(two, 'patients', hasty.id, { familyName: 'After' });

  const foreign = await one.patient({ locationId: newId() });
  await eventually(() => one.replication.quarantined(1).length > 0, 'it is refused');
  await one.store.update('patients', foreign.id, (current) => ({ ...current, locationId: clinic.locationId }));
  await settled(parts, clinic, [one, two], 'a refusal');

  two.online = false;
  await two.store.update('patients', shared.id, (current) => ({ ...current, familyName: 'Kept' }));
  await parts.admin.changeEpoch(clinic, newId());
  await one.store.update('patients', shared.id, (current) => ({ ...current, number: 'newest' }));
  two.online = true;
  two.replication.tryNow();
  await settled(parts, clinic, [one, two], 'a cloud that is read again');
  await holds(one, 'patients', shared.id, { number: 'newest', familyName: 'Kept', allergies: ['Latex'] });
}

async function settled(
  { admin }: ScenarioParts,
  clinic: CloudClinic,
  stations: readonly Station[],
  what: string,
): Promise<void> {
  let difference: string | null = 'has unpushed documents';
  try {
    await eventually(async () => {
      difference = stations.some((station) => station.unpushed() > 0) ? 'has unpushed documents' : null;
      if (difference !== null) return false;
      const cloud = await admin.documents(clinic);
      for (const station of stations) difference ??= differenceOf(keptDocuments(station.store.sqlite), cloud);
      return difference === null;
    }, what);
  } catch (error) {
    throw new Error(`${what}: a station ${difference}; ${describe(stations)}`, { cause: error });
  }
}

function describe(stations: readonly Station[]): string {
  return JSON.stringify(
    stations.map(({ replication }) =>
      replication.perCollection().filter(({ unpushed, problem }) => unpushed > 0 || problem !== null),
    ),
  );
}

async function holds(
  { store }: Station,
  collection: 'patients' | 'sessions',
  id: string,
  fields: Readonly<Record<string, unknown>>,
): Promise<void> {
  const document = (await store.get(collection, id)) as Readonly<Record<string, unknown>> | null;
  for (const [field, value] of Object.entries(fields)) {
    if (JSON.stringify(document?.[field]) !== JSON.stringify(value))
      throw new Error(`${collection}: ${field} was lost`);
  }
}

async function eventually(check: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const until = systemClock.monotonic() + PATIENCE_MS;
  while (!(await check())) {
    if (systemClock.monotonic() > until) throw new Error(`did not happen: ${what}`);
    await systemClock.sleep(LOOK_MS);
  }
}
