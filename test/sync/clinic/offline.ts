/**
 * Three days without a line: the clinic's own code takes visits with their captures, reports and reviews on a clock that runs 72 hours in
 * a minute or so. Then the line is there: everything drains to the real API, in the order of its importance, while one more visit is
 * walked through. None of its commands may wait for what drains: that is judged by how much of it goes by meanwhile. What the event loop
 * and the commands take is printed; by the wall clock nothing is judged.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { RecordableHistogram } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/message-port';
import type { SyncView } from '../../../electron/contract/index.ts';
import { DEMONSTRATION_PIN, derivedId, sessionIdOf } from '../../../electron/contract/index.ts';
import type { OpenedClinic } from '../../../electron/core/clinic.ts';
import { openClinic } from '../../../electron/core/clinic.ts';
import type { Log, ScreenPort } from '../../../electron/core/clinic-api.ts';
import { stationIdOf } from '../../../electron/core/station.ts';
import { newKey } from '../../../electron/core/store/index.ts';
import type { StaffClient } from '../../fixtures/client.ts';
import { CONSENTS, SIGNATURE, takePicture, visitOf, weigh } from '../../fixtures/visit.ts';
import { FINE, TcpProxy } from '../processes/proxy.ts';
import { scratchFolder } from '../scratch-folder.ts';
import type { SyncProof } from '../sync-proof.ts';
import type { Arrivals } from './arrivals.ts';
import { countArrivals, flawsOfOrder, readArrivals, recordArrivals } from './arrivals.ts';
import { CloudProcess } from './cloud-process.ts';
import { endStateOf, flawsOfFiles } from './end-state.ts';
import type { QuickParts } from './quick-parts.ts';
import { quickParts } from './quick-parts.ts';
import { toldOfSessions } from './told.ts';

const CI = { visits: 50, captures: 800 } as const;
const FULL = { visits: 500, captures: 20_000 } as const;
const HOURS = 72;
const HOUR_MS = 3_600_000;
/** Of so many visits one still waits for its clinician. */
const IN_REVIEW = 10;
const PICTURES = ['body-front', 'body-back', 'body-left', 'body-right', 'retina-right', 'retina-left'];
/** Tries of a facilitator; then a clinician decides. */
const TRIES = 3;
const READ_BACK = 40;
/** Of what waits, what may go by during one command: more, and the command has waited for it. */
const PART_PER_COMMAND = 1 / 4;
/** Guards against a hang only. */
const DRAIN_MS = 60 * 60_000;
const QUIET: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

export const offlineProof: SyncProof = async ({ full, server, unsafeControl }) => {
  const size = full ? FULL : CI;
  const folder = scratchFolder('vantage-sync-offline-');
  const cloud = await CloudProcess.start(server, 'sync_offline', folder);
  const proxy = await TcpProxy.start(() => cloud.port);
  const proof = await OfflineProof.open(cloud, proxy, join(folder, 'station'));
  try {
    console.log(
      `${size.visits} visits with ${size.captures} captures; nothing is left to chance, so that a seed changes nothing`,
    );
    await proof.begin(size.visits);
    await proof.workOffline(size.captures);
    await proof.online();
    return await proof.end(unsafeControl);
  } finally {
    await proof.close();
    await proxy.stop();
    await cloud.stop();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
};

interface Opened {
  readonly key: Uint8Array;
  readonly parts: QuickParts;
  readonly clinic: OpenedClinic;
  /** The clinic's clock, ms since 1970; null: the time that it is. */
  readonly time: { ms: number | null };
}

interface Watched {
  /** Gets the ms that each command took. */
  readonly answers: RecordableHistogram;
  /** Documents and files that are in the cloud now. */
  readonly arrived: () => Promise<number>;
  /** Gets how many of them came during each command. */
  readonly wentBy: number[];
}

class OfflineProof {
  readonly #cloud: CloudProcess;
  readonly #proxy: TcpProxy;
  readonly #directory: string;
  readonly #key: Uint8Array;
  readonly #ports: MessageChannel[] = [];
  readonly #parts: QuickParts;
  readonly #clinic: OpenedClinic;
  readonly #time: Opened['time'];
  readonly #began = Date.now();
  readonly #failures: string[] = [];
  readonly #review: string[] = [];
  #numbers: readonly string[] = [];
  #commands = 0;
  #view: SyncView | null = null;
  #arrivals: Arrivals | null = null;
  #isOpen = true;

  private constructor(cloud: CloudProcess, proxy: TcpProxy, directory: string, opened: Opened) {
    this.#cloud = cloud;
    this.#proxy = proxy;
    this.#directory = directory;
    this.#key = opened.key;
    this.#parts = opened.parts;
    this.#clinic = opened.clinic;
    this.#time = opened.time;
  }

  static async open(cloud: CloudProcess, proxy: TcpProxy, directory: string): Promise<OfflineProof> {
    const key = newKey();
    const time: Opened['time'] = { ms: null };
    const now = (): Date => new Date(time.ms ?? Date.now());
    const parts = await quickParts(now);
    const { devices, inference } = parts;
    const common = { mode: 'clinic', buildId: 'proof', initialDevices: [], log: QUIET } as const;
    const clinic = await openClinic({ ...common, directory, masterKey: key, devices, inference, now });
    return new OfflineProof(cloud, proxy, directory, { key, parts, clinic, time });
  }

  /** Enrols, hears of its people and of everybody who is booked, and loses its line. */
  async begin(visits: number): Promise<void> {
    const from = this.#began - HOURS * HOUR_MS;
    this.#numbers = Array.from({ length: visits + 1 }, (_, index) => `HR-${String(index + 1).padStart(5, '0')}`);
    await this.#cloud.book(
      this.#numbers.map((number, index) => ({ number, startsAt: new Date(from + (index * HOURS * HOUR_MS) / visits) })),
    );
    await recordArrivals(this.#cloud.pool);
    const first = this.#screen();
    const address = `http://127.0.0.1:${this.#proxy.port}`;
    await first.enrolment.enrol({ address, code: await this.#cloud.enrolmentCode(), stationName: 'Room 1' });
    while ((await first.access.people()).length < 3) await sleep(50);
    const aroha = await this.#as('AT');
    void this.#watch(aroha);
    await this.#until(() => this.#isDrained(), 'the bookings are here');
    this.#proxy.weather = { ...FINE, refuses: true };
    this.#proxy.cut();
    await aroha.sync.tryNow();
    await this.#until(() => this.#view?.line.state === 'offline', 'the line is away');
  }

  /** Every command as the screens send it; the clock goes on between them. */
  async workOffline(captures: number): Promise<void> {
    const visits = this.#numbers.length - 1;
    const began = performance.now();
    const from = this.#began - HOURS * HOUR_MS;
    const [ines, leila] = [await this.#as('IM'), await this.#as('LN')];
    let taken = 0;
    for (let index = 0; index < visits; index += 1) {
      this.#time.ms = from + (index * HOURS * HOUR_MS) / visits;
      const wanted = Math.round(((index + 1) * captures) / visits) - taken;
      const inReview = index % IN_REVIEW === IN_REVIEW - 1;
      const sessionId = await this.#visit(ines, leila, this.#numbers[index] ?? '', wanted, !inReview);
      if (inReview) this.#review.push(sessionId);
      taken += wanted;
    }
    this.#time.ms = null;
    const { steps, unpushed, line } = this.#view as SyncView;
    console.log(
      `${HOURS} hours offline in ${seconds(began)} s: ${visits} visits, ${taken} captures, ${this.#commands} commands, ` +
        `${this.#review.length} visits wait for review; ${line.state}, ${unpushed.documents} documents, ` +
        `${unpushed.auditEntries} audit entries and ${unpushed.files} files wait`,
    );
    if (steps.inCloud + steps.verified > 0)
      this.#failures.push('something is said to be in the cloud, and nothing was');
  }

  /** The line is there: everything goes, and a visit is walked through meanwhile. */
  async online(): Promise<void> {
    const [ines, leila, aroha] = [await this.#as('IM'), await this.#as('LN'), await this.#as('AT')];
    const loop = monitorEventLoopDelay({ resolution: 5 });
    const answers = createHistogram();
    const before = this.#view as SyncView;
    this.#proxy.weather = FINE;
    await aroha.sync.tryNow();
    const began = performance.now();
    await this.#until(() => this.#view?.line.state === 'online', 'the line is back');
    loop.enable();
    const wentBy: number[] = [];
    const sessionId = await this.#visit(ines, leila, this.#numbers.at(-1) ?? '', PICTURES.length, true, {
      answers,
      arrived: async () => countArrivals(this.#cloud.pool),
      wentBy,
    });
    loop.disable();
    const after = this.#view as SyncView;
    const waited = before.unpushed.documents + before.unpushed.files;
    const most = Math.max(...wentBy);
    console.log(`of ${waited} documents and files that waited, at most ${most} went by during one of its commands`);
    if (most > waited * PART_PER_COMMAND)
      this.#failures.push(`a command was answered after ${most} of ${waited} documents and files had gone`);
    console.log(
      `a visit meanwhile: ${answers.count} commands, all acknowledged: p50 ${answers.percentile(50)}, p99 ${answers.percentile(99)}, ` +
        `longest ${answers.max} ms; event loop delay p50 ${ms(loop.percentile(50))}, p99 ${ms(loop.percentile(99))}, longest ${ms(loop.max)} ms`,
    );
    console.log(
      `while it went on, documents that waited: ${before.unpushed.documents} -> ${after.unpushed.documents}, ` +
        `files: ${before.unpushed.files} -> ${after.unpushed.files}`,
    );
    if (after.unpushed.files === 0) this.#failures.push('all was over before the visit was: nothing is shown by it');
    await this.#until(() => this.#isDrained(), 'everything is in the cloud');
    await this.#until(async () => (await this.#notSynced()) === 0, 'every session is synced');
    console.log(`drained completely ${seconds(began)} s after the line was back`);
    this.#arrivals = await readArrivals(this.#cloud.pool);
    const told = performance.now();
    await toldOfSessions(
      this.#proxy,
      () => this.#view,
      () => this.#check(told, 'the station has what the cloud wrote'),
    );
    this.#review.push(sessionId);
  }

  async end(withControl: boolean) {
    const meanwhile = this.#review.pop() ?? '';
    await this.#close();
    const stationId = stationIdOf(this.#directory);
    const ended = { directory: this.#directory, key: this.#key, stationId };
    const sessions = this.#numbers.map(sessionOf);
    const belonging = ['consents', 'captures', 'findings', 'reports'];
    const station = await endStateOf(this.#cloud, ended, sessions, belonging);
    this.#failures.push(...station.failures, ...(await flawsOfFiles(this.#cloud, station.contents, READ_BACK)));
    if (this.#arrivals !== null) {
      const order = { arrivals: this.#arrivals, review: this.#review, without: meanwhile };
      const flaws = flawsOfOrder(station, order);
      this.#failures.push(...flaws);
      const backwards = {
        ...this.#arrivals,
        files: this.#arrivals.files.toReversed(),
        documents: this.#arrivals.documents.toReversed(),
        order: this.#arrivals.order.toReversed(),
      };
      const found = flawsOfOrder(station, { ...order, arrivals: backwards }).length;
      console.log(`control: backwards the same arrivals have ${found} flaws, as must be`);
      if (found === 0) this.#failures.push('control: a wrong order is not found');
    }
    if (withControl) console.log('offline: the control is part of every run');
    const failures = this.#failures.map((failure) => `offline: ${failure}`);
    return { passed: failures.length === 0 ? this.#numbers.length : 0, failures };
  }

  async close(): Promise<void> {
    await this.#close();
    for (const { port2 } of this.#ports) port2.close();
  }

  async #close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#clinic.close();
  }

  /** @param watched where it is to be seen what each command takes */
  async #visit(
    ines: StaffClient,
    leila: StaffClient,
    number: string,
    captures: number,
    reviewed: boolean,
    watched?: Watched,
  ): Promise<string> {
    const command = async <T>(run: () => Promise<T>): Promise<T> => {
      const arrived = (await watched?.arrived()) ?? 0;
      const began = performance.now();
      const answer = await run();
      watched?.answers.record(Math.max(1, Math.round(performance.now() - began)));
      watched?.wentBy.push((await watched.arrived()) - arrived);
      this.#commands += 1;
      if (this.#time.ms !== null) this.#time.ms += 2000;
      return answer;
    };
    const sessionId = sessionOf(number);
    await command(() => ines.today.checkIn({ appointmentId: appointmentOf(number) }));
    await command(() => ines.today.consent({ sessionId, agreed: [...CONSENTS], language: 'en', signature: SIGNATURE }));
    await command(() => ines.visits.start({ sessionId }));
    await command(() => weigh(ines, sessionId));
    await command(() => ines.visits.enterByHand({ sessionId, stepId: 'height', value: 171.5, again: 171.5 }));
    for (const [index, stepId] of PICTURES.entries()) {
      const tries = Math.floor(captures / PICTURES.length) + (index < captures % PICTURES.length ? 1 : 0);
      for (let attempt = 1; attempt <= tries; attempt += 1) {
        this.#parts.passes = attempt === tries;
        const who = attempt > TRIES ? leila : ines;
        const { captureId, judgement } = await command(() => takePicture(who, sessionId, stepId));
        if (judgement?.passed !== this.#parts.passes) throw new Error('a picture was judged otherwise than it is');
        if (judgement.passed) await command(() => ines.capture.keep({ captureId, reason: null }));
      }
    }
    await command(() => ines.visits.finish({ sessionId }));
    const { report } = await visitOf(ines, sessionId, (visit) => visit.status === 'REVIEW' && visit.report !== null);
    if (report === null) throw new Error('no report');
    const decision = { decision: 'approved', reason: null, notes: null, pin: DEMONSTRATION_PIN } as const;
    const { reportId, sha256: reportSha256 } = report;
    if (reviewed) await command(() => leila.review.decide({ reportId, reportSha256, ...decision }));
    return sessionId;
  }

  async #watch(aroha: StaffClient): Promise<void> {
    try {
      for await (const view of await aroha.sync.watch()) this.#view = view;
    } catch (error) {
      if (this.#isOpen) this.#failures.push(`the view of sync broke: ${String(error)}`);
    }
  }

  #isDrained(): boolean {
    if (this.#view === null) return false;
    const { unpushed, steps, line } = this.#view;
    const open = unpushed.documents + unpushed.auditEntries + unpushed.files + steps.left.artefacts + steps.comparing;
    return line.state === 'online' && open === 0 && steps.verified === steps.onDisk;
  }

  async #notSynced(): Promise<number> {
    const { rowCount } = await this.#cloud.pool.query(
      `SELECT FROM documents WHERE collection = 'sessions' AND document #>> '{cloud,syncedAt}' IS NULL`,
    );
    return rowCount ?? 0;
  }

  async #until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
    const began = performance.now();
    while (!(await condition())) {
      this.#check(began, what);
      await sleep(50);
    }
  }

  #check(began: number, what: string): void {
    this.#cloud.assertRunning();
    if (performance.now() - began > DRAIN_MS) throw new Error(`did not happen: ${what}: ${JSON.stringify(this.#view)}`);
  }

  #screen(): StaffClient {
    const channel = new MessageChannel();
    this.#ports.push(channel);
    const screenSessionId = `a screen of the proof ${this.#ports.length}`;
    this.#clinic.attach(channel.port1 as unknown as ScreenPort, { surface: 'staff', screenSessionId });
    channel.port2.start();
    return createORPCClient<StaffClient>(new RPCLink({ port: channel.port2 }));
  }

  async #as(initials: string): Promise<StaffClient> {
    const client = this.#screen();
    const person = (await client.access.people()).find((candidate) => candidate.initials === initials);
    if (person === undefined) throw new Error(`nobody with initials ${initials}`);
    await client.access.unlock({ staffId: person.staffId, pin: DEMONSTRATION_PIN });
    return client;
  }
}

function appointmentOf(number: string): string {
  return derivedId('sync-proof', 'appointment', number);
}

function sessionOf(number: string): string {
  return sessionIdOf(appointmentOf(number));
}

function ms(nanoseconds: number): number {
  return Math.round(nanoseconds / 100_000) / 10;
}

function seconds(began: number): number {
  return Math.round((performance.now() - began) / 1000);
}
