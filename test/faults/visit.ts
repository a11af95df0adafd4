/**
 * `kill -9` of each process (host, core, devices, inference) at random instants of visits that are being done meanwhile. The
 * devices are outside and stay, as real ones do. Holds: every visit is completed; what was acknowledged is still there and the
 * same; each release of a shutter belongs to exactly one capture, whose bytes are what the camera sent; the audit chain is whole.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeviceConfiguration, VisitView } from '../../electron/contract/index.ts';
import { DEMONSTRATION_PIN, derivedId } from '../../electron/contract/index.ts';
import { startCameraSimulator } from '../../native/simulator/camera.ts';
import { startScaleSimulator } from '../../native/simulator/scale.ts';
import type { Connection, StaffClient } from '../fixtures/client.ts';
import { connect, exchangeToken, problemCodeOf, until } from '../fixtures/client.ts';
import { Random } from '../fixtures/random.ts';
import type { ProcessName, StationProcess } from '../fixtures/station-process.ts';
import { startStation } from '../fixtures/station-process.ts';
import { CONSENTS, SIGNATURE, stepOf } from '../fixtures/visit.ts';
import type { FaultProof } from './fault-proof.ts';

const VICTIMS = ['host', 'core', 'devices', 'inference'] as const satisfies readonly ProcessName[];
const NUMBERS = ['HR-04127', 'HR-04301', 'HR-04415', 'HR-01904', 'HR-03611', 'HR-03302', 'HR-02218', 'HR-02950'];
/** More crashes than these in a minute are a crash loop by rights, and not what is tested here. */
const MOST_PER_MINUTE = 4;
const VISIT_LIMIT_MS = 300_000;

interface Acknowledged {
  readonly what: string;
  readonly holds: (visit: VisitView) => boolean;
}

export const visitFaults: FaultProof = async ({ full, seed }) => {
  const wanted = full ? 200 : 20;
  const random = new Random(seed);
  const kills: Record<string, number[]> = { host: [], core: [], devices: [], inference: [] };
  const failures: string[] = [];
  let visits = 0;
  const scale = await startScaleSimulator({ port: 0, seed, person: 'manual' });
  scale.stepOn(60 + random.between(0, 400) / 10);
  const body = await startCameraSimulator({ port: 0, kind: 'body-camera', seed, exposureMs: 120 });
  const fundus = await startCameraSimulator({
    port: 0,
    kind: 'fundus-camera',
    seed,
    exposureMs: 120,
    badFirstTry: true,
  });
  const devices: DeviceConfiguration[] = [
    {
      deviceId: derivedId('faults', 'scale'),
      kind: 'scale',
      name: 'Scale',
      room: 'Room 1',
      model: 'vantage-sim-scale',
      address: { type: 'tcp', host: '127.0.0.1', port: scale.port },
      simulated: true,
    },
    {
      deviceId: derivedId('faults', 'body'),
      kind: 'body-camera',
      name: 'Body camera',
      room: 'Room 1',
      model: 'vantage-sim-camera',
      address: { type: 'ptpip', host: '127.0.0.1', port: body.port },
      simulated: true,
    },
    {
      deviceId: derivedId('faults', 'fundus'),
      kind: 'fundus-camera',
      name: 'Fundus',
      room: 'Room 2',
      model: 'vantage-sim-camera',
      address: { type: 'ptpip', host: '127.0.0.1', port: fundus.port },
      simulated: true,
      fieldAngleDegrees: 30,
    },
  ];
  const done = (): boolean => VICTIMS.every((name) => (kills[name]?.length ?? 0) >= wanted);

  while (!done()) {
    const directory = mkdtempSync(join(tmpdir(), 'vantage-faults-'));
    const shuttersBefore = body.shutterCount() + fundus.shutterCount();
    const worker = new Worker(directory, devices);
    let pictures = 0;
    try {
      for (const number of NUMBERS) {
        if (done() && visits > 0) break;
        const stop = new AbortController();
        const killing = killAtRandom(worker, random, kills, wanted, stop.signal);
        const began = Date.now();
        try {
          const result = await worker.doVisit(number, VISIT_LIMIT_MS);
          failures.push(...result.failures.map((failure) => `visit ${visits + 1} (${number}): ${failure}`));
          pictures += result.pictures;
        } catch (error) {
          failures.push(
            `visit ${visits + 1} (${number}) was not completed: ${error instanceof Error ? error.message : String(error)}`,
          );
        }
        visits += 1;
        stop.abort();
        await killing;
        const counts = VICTIMS.map((name) => `${name} ${kills[name]?.length ?? 0}`).join(', ');
        console.log(`visit ${visits}: ${Math.round((Date.now() - began) / 1000)} s; killed so far: ${counts}`);
      }
      const taken = body.shutterCount() + fundus.shutterCount() - shuttersBefore;
      if (taken !== pictures) failures.push(`${taken} pictures were taken, ${pictures} captures have one`);
      const audit = await worker.verifyAudit();
      if (!audit.ok) failures.push(`the audit chain is broken at ${audit.firstBad}`);
    } finally {
      await worker.close();
      await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    }
    if (failures.length > 0) break;
  }
  await Promise.all([scale.close(), body.close(), fundus.close()]);
  return { passed: failures.length === 0 ? visits : Math.max(0, visits - failures.length), failures };
};

/** Kills one process after the other, at random instants, until it is stopped. */
async function killAtRandom(
  worker: Worker,
  random: Random,
  kills: Readonly<Record<string, number[]>>,
  wanted: number,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(random.between(150, 2_500));
    if (signal.aborted) return;
    const minute = Date.now() - 60_000;
    const able = VICTIMS.filter((name) => {
      const times = kills[name] ?? [];
      return times.length < wanted && times.filter((at) => at > minute).length < MOST_PER_MINUTE;
    });
    if (able.length === 0) continue;
    const name = random.pick(able);
    const pid = worker.station?.pidOf(name) ?? null;
    if (pid === null) continue;
    try {
      process.kill(pid, 'SIGKILL');
      kills[name]?.push(Date.now());
    } catch {
      // It was gone already.
    }
  }
}

/** Does visits like a patient person: looks at the visit, does what is next, and after any trouble looks again. */
class Worker {
  station: StationProcess | null = null;
  readonly #directory: string;
  readonly #devices: readonly DeviceConfiguration[];
  #connection: Connection<StaffClient> | null = null;
  #starting: Promise<StationProcess> | null = null;

  constructor(directory: string, devices: readonly DeviceConfiguration[]) {
    this.#directory = directory;
    this.#devices = devices;
  }

  async doVisit(number: string, limitMs: number): Promise<{ pictures: number; failures: string[] }> {
    const deadline = Date.now() + limitMs;
    const acknowledged: Acknowledged[] = [];
    let sessionId: string | null = null;
    let lastTrouble = 'none';
    for (;;) {
      if (Date.now() > deadline) throw new Error(`not within ${limitMs / 1000} s; last trouble: ${lastTrouble}`);
      try {
        const staff = await this.#staff();
        sessionId ??= await this.#checkIn(staff, number);
        const visit = await until(await staff.visits.watch({ sessionId }), () => true, 20_000);
        const broken = acknowledged.filter((entry) => !entry.holds(visit));
        if (broken.length > 0)
          return { pictures: 0, failures: broken.map((entry) => `lost although acknowledged: ${entry.what}`) };
        if (visit.status === 'COMPLETED') return await this.#check(staff, visit);
        await this.#next(staff, visit, acknowledged);
      } catch (error) {
        lastTrouble = problemCodeOf(error) ?? (error instanceof Error ? error.message : String(error));
        if (problemCodeOf(error) === null) this.#drop();
        await sleep(100);
      }
    }
  }

  async #checkIn(staff: StaffClient, number: string): Promise<string> {
    const day = await until(await staff.today.watch(), () => true, 20_000);
    const row = day.rows.find((candidate) => candidate.patient.number === number);
    if (row === undefined) throw new Error(`no visit for ${number}`);
    return (await staff.today.checkIn({ appointmentId: row.appointmentId })).sessionId;
  }

  async #next(staff: StaffClient, visit: VisitView, acknowledged: Acknowledged[]): Promise<void> {
    const { sessionId } = visit;
    if (visit.status === 'CHECKED_IN') {
      if (visit.consents === null) {
        await staff.today.consent({ sessionId, agreed: [...CONSENTS], language: 'en', signature: SIGNATURE });
        acknowledged.push({ what: 'consent', holds: (view) => view.consents !== null });
      }
      await staff.visits.start({ sessionId });
      acknowledged.push({ what: 'start', holds: (view) => view.status !== 'CHECKED_IN' });
      return;
    }
    if (visit.status === 'CAPTURING') {
      if (visit.currentStepId === null) await staff.visits.finish({ sessionId });
      else await this.#step(staff, visit, visit.currentStepId, acknowledged);
      return;
    }
    if (visit.status === 'REVIEW' && visit.report !== null) {
      await this.#asLeila(staff, visit);
      return;
    }
    await until(await staff.visits.watch({ sessionId }), (view) => view.status === 'REVIEW', 30_000);
  }

  async #step(staff: StaffClient, visit: VisitView, stepId: string, acknowledged: Acknowledged[]): Promise<void> {
    const { sessionId } = visit;
    const step = stepOf(visit, stepId);
    if (stepId === 'weight') {
      const reading = await staff.devices.weigh({ deviceId: step.deviceId ?? '' });
      await staff.visits.saveWeight({ sessionId, stepId, reading });
      acknowledged.push({
        what: `weight ${reading.kg}`,
        holds: (view) => stepOf(view, stepId).quantity?.value === reading.kg,
      });
      return;
    }
    if (stepId === 'height') {
      await staff.visits.enterByHand({ sessionId, stepId, value: 170.5, again: 170.5 });
      acknowledged.push({ what: 'height', holds: (view) => stepOf(view, stepId).quantity?.value === 170.5 });
      return;
    }
    const last = step.tries.at(-1);
    if (last?.judgement?.passed === true) {
      const { captureId, sha256 } = last;
      await staff.capture.keep({ captureId, reason: null });
      acknowledged.push({
        what: `capture ${captureId}`,
        holds: (view) =>
          stepOf(view, stepId).captureId === captureId &&
          stepOf(view, stepId).tries.some((capture) => capture.sha256 === sha256),
      });
      return;
    }
    const standsStill = last === undefined || last.state === 'judged' || last.state === 'failed';
    if (standsStill) {
      const { captureId } = await staff.capture.take({ sessionId, stepId });
      acknowledged.push({
        what: `try ${captureId}`,
        holds: (view) => stepOf(view, stepId).tries.some((capture) => capture.captureId === captureId),
      });
      return;
    }
    if (last.state === 'on-disk' && last.problem !== null) await staff.capture.retry({ captureId: last.captureId });
    const changed = (view: VisitView): boolean => {
      const capture = stepOf(view, stepId).tries.at(-1);
      return (
        capture?.state === 'judged' ||
        capture?.state === 'failed' ||
        (capture?.state === 'on-disk' && capture.problem !== null)
      );
    };
    await until(await staff.visits.watch({ sessionId }), changed, 15_000);
  }

  /** The clinician approves at her own screen. */
  async #asLeila(staff: StaffClient, visit: VisitView): Promise<void> {
    const station = await this.#running();
    const cookie = await exchangeToken(station.staff, 'staff');
    const connection = await connect<StaffClient>(station.staff.origin, 'staff', cookie);
    try {
      await unlock(connection.client, 'LN');
      const { report } = visit;
      await connection.client.review.decide({
        reportId: report?.reportId ?? '',
        reportSha256: report?.sha256 ?? '',
        decision: 'approved',
        reason: null,
        notes: null,
        pin: DEMONSTRATION_PIN,
      });
    } catch (error) {
      if (problemCodeOf(error) !== 'ALREADY_DECIDED') throw error;
    } finally {
      connection.close();
    }
    await until(
      await staff.visits.watch({ sessionId: visit.sessionId }),
      (view) => view.status === 'COMPLETED',
      20_000,
    );
  }

  /** What is on the disk is what the document says, for each try of each step. */
  async #check(staff: StaffClient, visit: VisitView): Promise<{ pictures: number; failures: string[] }> {
    const failures: string[] = [];
    let pictures = 0;
    for (const capture of visit.steps.flatMap((step) => step.tries)) {
      if (!capture.hasImage) continue;
      pictures += 1;
      const { path } = await staff.media.open({ of: 'capture', captureId: capture.captureId, part: 'image' });
      const bytes = await this.#connection?.media(path);
      const sha256 = createHash('sha256')
        .update(bytes ?? new Uint8Array())
        .digest('hex');
      if (sha256 !== capture.sha256)
        failures.push(`bytes of ${capture.stepId} try ${capture.attempt} are not what was stored`);
    }
    return { pictures, failures };
  }

  async verifyAudit(): Promise<{ ok: boolean; firstBad: number | null }> {
    const station = await this.#running();
    const connection = await connect<StaffClient>(
      station.staff.origin,
      'staff',
      await exchangeToken(station.staff, 'staff'),
    );
    await unlock(connection.client, 'AT');
    const result = await connection.client.audit.verify();
    connection.close();
    return result;
  }

  async close(): Promise<void> {
    this.#drop();
    await this.station?.stop();
  }

  /** The station, started again when the host was killed. */
  async #running(): Promise<StationProcess> {
    const { station } = this;
    if (station !== null && isAlive(station.pid)) return station;
    this.#drop();
    this.#starting ??= startStation({ directory: this.#directory, devices: this.#devices });
    try {
      this.station = await this.#starting;
    } finally {
      this.#starting = null;
    }
    return this.station;
  }

  async #staff(): Promise<StaffClient> {
    const station = await this.#running();
    if (this.#connection !== null) return this.#connection.client;
    const cookie = await exchangeToken(station.staff, 'staff');
    const connection = await connect<StaffClient>(station.staff.origin, 'staff', cookie);
    const forget = (): void => {
      if (this.#connection === connection) this.#connection = null;
    };
    void connection.closed.then(forget);
    this.#connection = connection;
    await unlock(connection.client, 'IM');
    return connection.client;
  }

  #drop(): void {
    this.#connection?.close();
    this.#connection = null;
  }
}

async function unlock(staff: StaffClient, initials: string): Promise<void> {
  const person = (await staff.access.people()).find((candidate) => candidate.initials === initials);
  if (person === undefined) throw new Error(`nobody with initials ${initials}`);
  await staff.access.unlock({ staffId: person.staffId, pin: DEMONSTRATION_PIN });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
