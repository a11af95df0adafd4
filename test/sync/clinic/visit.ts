/**
 * The whole visit at a real station whose line is cut, half-opened, slowed and refused all the while: the Node host with its processes,
 * enrolled at a real API on PostgreSQL, devices over their true protocols. What happens to the line, and in which step, is the seed's.
 * When the line is whole again everything of the visit is in PostgreSQL and verified, and at no moment did the station say more than was
 * so.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ArtefactPage, SyncView } from '../../../electron/contract/index.ts';
import { DEMONSTRATION_PIN } from '../../../electron/contract/index.ts';
import { stationIdOf } from '../../../electron/core/station.ts';
import { passphraseKeyStore } from '../../../electron/core/store/index.ts';
import { clinicDirectory } from '../../../electron/services/directories.ts';
import { startCameraSimulator } from '../../../native/simulator/camera.ts';
import { startScaleSimulator } from '../../../native/simulator/scale.ts';
import type { Connection, StaffClient } from '../../fixtures/client.ts';
import { connect, exchangeToken, until } from '../../fixtures/client.ts';
import { cameraAt, scaleAt } from '../../fixtures/devices.ts';
import { Random } from '../../fixtures/random.ts';
import type { StationProcess } from '../../fixtures/station-process.ts';
import { startStation } from '../../fixtures/station-process.ts';
import { CONSENTS, SIGNATURE, photograph, rowOf, visitOf, weigh } from '../../fixtures/visit.ts';
import { FINE, TcpProxy } from '../processes/proxy.ts';
import type { SyncProof } from '../sync-proof.ts';
import type { Acknowledged, CloudMoment, FinalStation } from './claims.ts';
import { Claims, lookAt } from './claims.ts';
import { CloudProcess } from './cloud-process.ts';
import { endStateOf, flawsOfFiles, syncedAtOf } from './end-state.ts';
import { toldOfSessions } from './told.ts';

const CI_VISITS = 1;
const FULL_VISITS = 5;
const PASSPHRASE = 'a passphrase of a proof';
const PICTURES = ['body-front', 'body-back', 'body-left', 'body-right', 'retina-right', 'retina-left'];
/** Of a picture. */
const TRIES = 3;
/** Guards against a hang only. */
const START_MS = 5 * 60_000;
const DRAIN_MS = 10 * 60_000;
const MOST_NAMED = 12;
/** How long a step has gone on when something happens in it: from, to. */
const MIDST_MS = [100, 2500] as const;
/** What happens to the line, in an order that the seed makes; then the same once more in another. */
const TROUBLES = [
  ...(['fine', 'fine', 'fine', 'cut', 'cut', 'cut'] as const),
  ...(['half-open', 'half-open', 'slow', 'slow', 'refused', 'refused'] as const),
] as const;
type Trouble = (typeof TROUBLES)[number];
const NOTHING: CloudMoment = { documents: new Map(), files: new Map(), auditSequence: 0 };

export const visitProof: SyncProof = async ({ full, seed, server, unsafeControl }) => {
  const visits = full ? FULL_VISITS : CI_VISITS;
  const folder = mkdtempSync(join(tmpdir(), 'vantage-sync-visit-'));
  const random = new Random(seed);
  const scale = await startScaleSimulator({ port: 0, seed, person: 'manual' });
  scale.stepOn(60 + random.between(0, 400) / 10);
  const body = await startCameraSimulator({ port: 0, kind: 'body-camera', seed, exposureMs: 120 });
  const fundus = await startCameraSimulator({ port: 0, kind: 'fundus-camera', seed, exposureMs: 120 });
  const cloud = await CloudProcess.start(server, 'sync_visit', folder);
  const proxy = await TcpProxy.start(() => cloud.port);
  const devices = [scaleAt(scale.port), cameraAt('body-camera', body.port), cameraAt('fundus-camera', fundus.port)];
  const numbers = Array.from({ length: visits }, (_, index) => `HR-${String(index + 1).padStart(5, '0')}`);
  let station: StationProcess | null = null;
  try {
    await cloud.book(numbers.map((number) => ({ number, startsAt: new Date() })));
    station = await startStation({ directory: folder, devices, passphrase: PASSPHRASE, timeoutMs: START_MS });
    const proof = new VisitProof({ station, cloud, proxy, random, folder });
    await proof.begin();
    await proof.work(numbers);
    await proof.drain();
    return await proof.end(unsafeControl);
  } finally {
    await station?.stop();
    await proxy.stop();
    await cloud.stop();
    await Promise.all([scale.close(), body.close(), fundus.close()]);
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
};

interface Parts {
  readonly station: StationProcess;
  readonly cloud: CloudProcess;
  readonly proxy: TcpProxy;
  readonly random: Random;
  readonly folder: string;
}

class VisitProof {
  readonly #parts: Parts;
  readonly #claims = new Claims();
  readonly #connections: Connection<StaffClient>[] = [];
  readonly #sessionIds: string[] = [];
  readonly #watching: Promise<void>[] = [];
  readonly #counts: Record<Trouble, number> = { fine: 0, cut: 0, 'half-open': 0, slow: 0, refused: 0 };
  #troubles: Trouble[] = [];
  readonly #failures: string[] = [];
  #stopped = false;
  #stationId = '';
  #view: SyncView | null = null;
  #page: ArtefactPage | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Enrols the station with a code, as whoever unpacks it does, and waits for its people and its day. */
  async begin(): Promise<void> {
    const { cloud, proxy, folder } = this.#parts;
    this.#stationId = stationIdOf(clinicDirectory(folder, 'clinic'));
    const first = await this.#connect();
    const address = `http://127.0.0.1:${proxy.port}`;
    await first.enrolment.enrol({ address, code: await cloud.enrolmentCode(), stationName: 'Room 1' });
    const began = performance.now();
    while ((await first.access.people()).length < 3) {
      if (performance.now() - began > START_MS) throw new Error('the people of the clinic did not come');
      cloud.assertRunning();
      await sleep(100);
    }
  }

  /** The visits, one after the other, on the line that the seed makes. */
  async work(numbers: readonly string[]): Promise<void> {
    const [ines, leila, aroha] = [await this.#as('IM'), await this.#as('LN'), await this.#as('AT')];
    await devicesReady(ines);
    await until(await ines.today.watch(), ({ rows }) => rows.length === numbers.length, START_MS);
    this.#watching.push(this.#watchViews(aroha), this.#watchRows(aroha));
    for (const number of numbers) await this.#visit(ines, leila, number);
  }

  /** The line is whole again: until the station says that everything is in the cloud and verified, or for too long. */
  async drain(): Promise<void> {
    const { proxy, cloud } = this.#parts;
    proxy.weather = FINE;
    proxy.cut();
    const aroha = await this.#as('AT');
    const began = performance.now();
    const check = (): void => {
      if (performance.now() - began > DRAIN_MS) throw new Error(`not drained: ${this.#waitingFor()}`);
      cloud.assertRunning();
    };
    while (!(await this.#isDone())) {
      check();
      await aroha.sync.tryNow();
      await sleep(500);
    }
    console.log(`everything is in the cloud ${seconds(began)} s after the line was whole again`);
    await toldOfSessions(proxy, () => this.#view, check);
    while (this.#view?.line.state !== 'online' || this.#waitingFor() !== '') {
      check();
      await sleep(50);
    }
  }

  async end(withControl: boolean) {
    this.#stopped = true;
    const last = this.#view;
    for (const connection of this.#connections) connection.close();
    await Promise.all(this.#watching);
    await this.#parts.station.stop();
    const station = await this.#judgeStation();
    const { made, untrue } = this.#claims.judge(station);
    const found = this.#claims.judge(station, NOTHING).untrue.length;
    const { fine, cut, 'half-open': halfOpen, slow, refused } = this.#counts;
    console.log(
      `${this.#sessionIds.length} visits; the line was cut ${cut} times, half open ${halfOpen}, slow ${slow}, refused ${refused}, fine ${fine}; ` +
        `${made} claims in ${this.#claims.views} views and pages, ${untrue.length} untrue when made`,
    );
    console.log(`control: of a cloud that has nothing ${found} of them would be untrue, as must be`);
    if (found === 0) this.#failures.push('control: an untrue claim is not found');
    if (withControl) console.log('visit: the control is part of every run');
    if (Math.min(cut, halfOpen, slow, refused) === 0) this.#failures.push('not everything happened to the line');
    if (last?.line.state !== 'online') this.#failures.push(`the line is said to be ${last?.line.state}`);
    this.#failures.push(...untrue.slice(0, MOST_NAMED));
    if (untrue.length > MOST_NAMED) this.#failures.push(`... ${untrue.length} of these in all`);
    const failures = this.#failures.map((failure) => `visit: ${failure}`);
    return { passed: failures.length === 0 ? this.#sessionIds.length : 0, failures };
  }

  async #visit(ines: StaffClient, leila: StaffClient, number: string): Promise<void> {
    const { appointmentId } = await rowOf(ines, number);
    const { sessionId } = await ines.today.checkIn({ appointmentId });
    this.#sessionIds.push(sessionId);
    const session = `sessions/${sessionId}`;
    const step = (documents: CloudMoment['documents'], stepId: string): Readonly<Record<string, unknown>> | undefined =>
      (documents.get(session)?.['steps'] as Readonly<Record<string, Readonly<Record<string, unknown>>>>)?.[stepId];
    const done = (
      what: string,
      audit: Acknowledged['audit'],
      isIn: Acknowledged['isIn'],
      sha256: string | null = null,
    ): void => this.#claims.acknowledged({ what: `${what} of ${number}`, at: Date.now(), isIn, sha256, audit });
    const left =
      (...statuses: readonly string[]): Acknowledged['isIn'] =>
      (documents) =>
        documents.has(session) && !statuses.includes(String(documents.get(session)?.['status']));

    done('checking in', { action: 'visit.checked-in', subjectId: sessionId }, (documents) => documents.has(session));
    await this.#during(async () => {
      await ines.today.consent({ sessionId, agreed: [...CONSENTS], language: 'en', signature: SIGNATURE });
      await ines.visits.start({ sessionId });
    });
    done('the start', { action: 'visit.started', subjectId: sessionId }, left('SCHEDULED', 'CHECKED_IN'));
    await this.#during(async () => weigh(ines, sessionId));
    done(
      'the weight',
      { action: 'step.measured', subjectId: sessionId },
      (documents) => step(documents, 'weight')?.['state'] === 'done',
    );
    await this.#during(async () =>
      ines.visits.enterByHand({ sessionId, stepId: 'height', value: 171.5, again: 171.5 }),
    );
    done(
      'the height',
      { action: 'step.entered-by-hand', subjectId: sessionId },
      (documents) => step(documents, 'height')?.['state'] === 'done',
    );
    for (const stepId of PICTURES) {
      const { captureId, sha256 } = await this.#during(async () =>
        photograph(ines, sessionId, stepId, TRIES, async () => devicesReady(ines)),
      );
      done(
        stepId,
        { action: 'capture.kept', subjectId: captureId },
        (documents) =>
          step(documents, stepId)?.['captureId'] === captureId &&
          documents.get(`captures/${captureId}`)?.['sha256'] === sha256,
        sha256,
      );
    }
    await this.#during(async () => ines.visits.finish({ sessionId }));
    done(
      'the end of the captures',
      { action: 'visit.captured', subjectId: sessionId },
      left('SCHEDULED', 'CHECKED_IN', 'CAPTURING'),
    );
    const { report } = await this.#during(async () =>
      visitOf(ines, sessionId, (visit) => visit.status === 'REVIEW' && visit.report !== null),
    );
    if (report === null) throw new Error('no report');
    const { reportId, sha256: reportSha256 } = report;
    const decision = { decision: 'approved', reason: null, notes: null, pin: DEMONSTRATION_PIN } as const;
    await this.#during(async () => {
      await leila.review.decide({ reportId, reportSha256, ...decision });
      await visitOf(ines, sessionId, (visit) => visit.status === 'COMPLETED');
    });
    done(
      'the review',
      { action: 'report.approved', subjectId: reportId },
      (documents) =>
        documents.get(session)?.['status'] === 'COMPLETED' && documents.get(`reports/${reportId}`)?.['review'] !== null,
      reportSha256,
    );
  }

  /** One step of the visit. Something happens to the line before it, and something else in its midst: at its end where it is short. */
  async #during<T>(step: () => Promise<T>): Promise<T> {
    const { random } = this.#parts;
    this.#happen();
    const over = new AbortController();
    const midst = sleep(random.between(...MIDST_MS), null, { signal: over.signal }).catch(() => null);
    try {
      const result = step();
      await Promise.race([midst, result]);
      this.#happen();
      return await result;
    } finally {
      over.abort();
    }
  }

  #happen(): void {
    const { proxy, random } = this.#parts;
    if (this.#troubles.length === 0) this.#troubles = [...TROUBLES];
    const [trouble = 'fine'] = this.#troubles.splice(random.between(0, this.#troubles.length - 1), 1);
    this.#counts[trouble] += 1;
    switch (trouble) {
      case 'fine':
        proxy.weather = FINE;
        return;
      case 'cut':
        proxy.cut();
        return;
      case 'half-open':
        proxy.weather = { ...FINE, [random.pick(['toCloud', 'fromCloud'] as const)]: 'silent' };
        return;
      case 'slow':
        proxy.weather = { ...FINE, delayMs: random.pick([20, 100, 400, 1500]) };
        return;
      case 'refused':
        proxy.weather = { ...FINE, refuses: true };
        proxy.cut();
    }
  }

  async #watchViews(aroha: StaffClient): Promise<void> {
    await this.#follow(await aroha.sync.watch(), (view, at, moment) => {
      this.#view = view;
      this.#claims.heard(view, at, moment);
    });
  }

  async #watchRows(aroha: StaffClient): Promise<void> {
    const pages = await aroha.sync.artefacts({ filter: 'all', cursor: null, limit: 200 });
    await this.#follow(pages, (page, at, moment) => {
      this.#page = page;
      this.#claims.heard(page.rows, at, moment);
    });
  }

  async #follow<T>(stream: AsyncIterable<T>, hear: (value: T, at: number, moment: CloudMoment) => void): Promise<void> {
    try {
      for await (const value of stream) hear(value, Date.now(), await this.#look());
      if (!this.#stopped) this.#failures.push('a stream of the station ended');
    } catch (error) {
      // At the end the connection is closed.
      if (!this.#stopped) this.#failures.push(`a stream of the station broke: ${String(error)}`);
    }
  }

  async #look(): Promise<CloudMoment> {
    const { pool, clinic } = this.#parts.cloud;
    return lookAt(pool, clinic.tenantId, this.#stationId);
  }

  async #isDone(): Promise<boolean> {
    if (this.#view === null || this.#waitingFor() !== '') return false;
    const { documents } = await this.#look();
    return this.#sessionIds.every((id) => syncedAtOf(documents.get(`sessions/${id}`)) !== null);
  }

  /** What the station says is not done; empty: nothing. */
  #waitingFor(): string {
    if (this.#view === null) return 'nothing was heard';
    const { unpushed, steps, line } = this.#view;
    const open = { ...unpushed, left: steps.left.artefacts, comparing: steps.comparing, differing: steps.differing };
    const { oldestAt: _oldestAt, ...numbers } = open;
    const isDone =
      Object.values(numbers).every((count) => count === 0) &&
      steps.verified === steps.onDisk &&
      this.#page?.rows.every(({ verified }) => verified.state === 'done') === true;
    return isDone ? '' : `${line.state} ${JSON.stringify(numbers)} verified ${steps.verified} of ${steps.onDisk}`;
  }

  async #judgeStation(): Promise<FinalStation> {
    const { folder, cloud } = this.#parts;
    const directory = clinicDirectory(folder, 'clinic');
    const key = await passphraseKeyStore(join(directory, 'station.key'), PASSPHRASE).load();
    if (key === null) throw new Error('the station has no key');
    const ended = { directory, key, stationId: this.#stationId };
    const belonging = ['consents', 'captures', 'findings', 'reports'];
    const station = await endStateOf(cloud, ended, this.#sessionIds, belonging);
    this.#failures.push(...station.failures, ...(await flawsOfFiles(cloud, station.contents)));
    return station;
  }

  async #connect(): Promise<StaffClient> {
    const { staff } = this.#parts.station;
    const connection = await connect<StaffClient>(staff.origin, 'staff', await exchangeToken(staff, 'staff'));
    this.#connections.push(connection);
    return connection.client;
  }

  async #as(initials: string): Promise<StaffClient> {
    const client = await this.#connect();
    const person = (await client.access.people()).find((candidate) => candidate.initials === initials);
    if (person === undefined) throw new Error(`nobody with initials ${initials}`);
    await client.access.unlock({ staffId: person.staffId, pin: DEMONSTRATION_PIN });
    return client;
  }
}

/** Until a person may press: on a machine that has no time for them, simulated devices are silent now and then, as real ones are. */
async function devicesReady(staff: StaffClient): Promise<void> {
  await until(
    await staff.station.watch(),
    ({ devices }) => devices.length === 3 && devices.every(({ state }) => state === 'ready'),
    START_MS,
  );
}

function seconds(began: number): number {
  return Math.round((performance.now() - began) / 1000);
}
