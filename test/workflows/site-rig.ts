/** Runs of the workflows of a place: the cloud of `Rig`, stations that poll it, and what became of each run. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { WorkflowHandle } from '@temporalio/client';
import { WithStartWorkflowOperation } from '@temporalio/client';
import type { MessageAnswer, WorkflowSubject } from '../../electron/contract/index.ts';
import { WORKFLOW_TYPES, newId, workflowIdOf } from '../../electron/contract/index.ts';
import type { StationLine } from '../../electron/core/station-work/station-work-api.ts';
import type { StationPoller } from '../../electron/services/station-poller.ts';
import { startStationPoller } from '../../electron/services/station-poller.ts';
import { NORTH_HARBOUR } from '../../workflows/api/testing/test-api.ts';
import { FAILURE_CONVERTER_PATH } from '../../workflows/codec/data-converter.ts';
import { tenantKey } from '../../workflows/codec/keys.ts';
import type { Timing } from '../../workflows/definitions/timing.ts';
import { keepHistory } from '../../workflows/testing/histories.ts';
import type { Lane, Rig } from '../../workflows/testing/rig.ts';
import { TEST_KEY } from '../../workflows/testing/rig.ts';
import type { ScriptedStationOptions } from './scripted-station.ts';
import { ScriptedStation } from './scripted-station.ts';

/** Seconds instead of minutes; a station that is away is asked again soon. */
export const QUICK_STATION: Partial<Timing> = {
  stationStart: 2000,
  stationAlive: 1000,
  stationAgain: 100,
  stationAgainAtMost: 200,
};

type Subject = Extract<WorkflowSubject, 'calibration' | 'acceptance'>;

export class SiteRig {
  readonly rig: Rig;
  readonly lane: Lane;
  readonly #ends = new Set<() => Promise<void>>();

  constructor(rig: Rig, lane: Lane) {
    this.rig = rig;
    this.lane = lane;
  }

  /** The place of all runs; each test has a station of its own, so that nobody else's worker takes its work. */
  place(): Pick<StationLine, 'tenantId' | 'locationId' | 'stationId'> {
    return { ...NORTH_HARBOUR, stationId: this.rig.station.stationId };
  }

  line(): StationLine {
    const { address, namespace } = this.rig.server;
    const own = tenantKey(TEST_KEY, NORTH_HARBOUR.tenantId);
    return {
      ...this.place(),
      address,
      namespace,
      tls: null,
      apiKey: null,
      payloadKeys: `${own.id}:${Buffer.from(own.key).toString('base64')}`,
    };
  }

  /** A station's worker within this process. */
  async station(
    script: Partial<ScriptedStationOptions> = {},
  ): Promise<{ readonly api: ScriptedStation; readonly poller: StationPoller }> {
    const line = this.line();
    const api = new ScriptedStation({ ...line, privateKey: this.rig.station.key.privateKey, ...script });
    const poller = await startStationPoller({ line, api, failureConverterPath: FAILURE_CONVERTER_PATH });
    this.#ends.add(async () => poller.stop());
    return { api, poller };
  }

  /** The same as a process. @returns once it polls */
  async stationProcess(hangIn: string | null): Promise<ChildProcess> {
    const key = this.rig.station.key.privateKey.export({ type: 'pkcs8', format: 'pem' });
    const child = spawn(process.execPath, [join(import.meta.dirname, 'station-process.ts')], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { PATH: process.env['PATH'], STATION: JSON.stringify({ line: this.line(), key, hangIn }) },
    });
    this.#ends.add(async () => {
      if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await once(child, 'exit');
    });
    await said(child, 'polling');
    return child;
  }

  run(subject: Subject, subjectId: string, input: object): SiteRun {
    return new SiteRun(this, subject, subjectId, input);
  }

  /** Alerts about a run, as the location's stations get them. */
  async alerts(subjectId: string): Promise<readonly string[]> {
    const { rows } = await this.rig.cloud.database.admin.query<{ text: string }>(
      `SELECT document ->> 'text' AS text FROM documents WHERE collection = 'alerts' AND document ->> 'subjectId' = $1`,
      [subjectId],
    );
    return rows.map(({ text }) => text);
  }

  /** How many a list by search attributes finds, once the server has indexed one. */
  async listed(workflowId: string, query: string): Promise<number> {
    for (;;) {
      const { count } = await this.rig.client.workflow.count(`${query} AND WorkflowId = '${workflowId}'`);
      if (count > 0) return count;
    }
  }

  /** Stations go; the rig stays. */
  async rest(): Promise<void> {
    const ends = [...this.#ends];
    this.#ends.clear();
    await Promise.all(ends.map(async (end) => end()));
  }
}

export class SiteRun {
  readonly #site: SiteRig;
  readonly #subject: Subject;
  readonly #input: object;
  readonly workflowId: string;

  constructor(site: SiteRig, subject: Subject, subjectId: string, input: object) {
    this.#site = site;
    this.#subject = subject;
    this.#input = input;
    this.workflowId = workflowIdOf(subject, subjectId);
  }

  get handle(): WorkflowHandle {
    return this.#site.rig.client.workflow.getHandle(this.workflowId);
  }

  async start(): Promise<this> {
    await this.#site.rig.client.workflow.start(WORKFLOW_TYPES[this.#subject], this.#options());
    return this;
  }

  async tell(name: string, message: object = { at: '2026-11-21T09:30:00.000Z' }): Promise<MessageAnswer> {
    const startWorkflowOperation = new WithStartWorkflowOperation(WORKFLOW_TYPES[this.#subject], {
      ...this.#options(),
      workflowIdConflictPolicy: 'USE_EXISTING',
    });
    return this.#site.rig.client.workflow.executeUpdateWithStart(name, {
      args: [message],
      updateId: newId(),
      startWorkflowOperation,
    }) as Promise<MessageAnswer>;
  }

  /** Asks until it is so. @throws Error when the run ends otherwise */
  async until<State extends { readonly step: string }>(isSo: (state: State) => boolean): Promise<State> {
    for (;;) {
      const state = await this.handle.query<State>('getState');
      if (isSo(state)) return state;
      if (state.step === 'ended') throw new Error(`the run has ended: ${JSON.stringify(state)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Until a station has taken an activity of this name, and is at it. */
  async isAtWork(activity: string): Promise<void> {
    for (;;) {
      const { raw } = await this.handle.describe();
      const [pending] = raw.pendingActivities ?? [];
      if (pending?.activityType?.name === activity && Number(pending.state) === STARTED) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  /** Names of the history's events, of those kinds that are asked for, in order. */
  async happened(...kinds: readonly string[]): Promise<readonly string[]> {
    const { events } = await this.handle.fetchHistory();
    return (events ?? []).flatMap((event) => {
      const [name] = Object.keys(event).filter((key) => key.endsWith('EventAttributes') && Reflect.get(event, key));
      const kind = name?.replace('EventAttributes', '') ?? '';
      return kinds.includes(kind) ? [kind] : [];
    });
  }

  /** Why activities timed out, in order: of the history, by the names of the protocol. */
  async timeouts(): Promise<readonly (string | number)[]> {
    const { events } = await this.handle.fetchHistory();
    return (events ?? []).flatMap(({ activityTaskTimedOutEventAttributes: attributes }) => {
      const type = attributes?.failure?.timeoutFailureInfo?.timeoutType;
      return type === undefined || type === null ? [] : [TIMEOUTS[type] ?? type];
    });
  }

  async keep(folder: Subject, name: string): Promise<void> {
    await keepHistory(name, this, folder);
  }

  #options() {
    return {
      workflowId: this.workflowId,
      taskQueue: this.#site.lane.taskQueue,
      args: [this.#input],
      workflowIdReusePolicy: 'REJECT_DUPLICATE' as const,
    };
  }
}

/** Of temporal.api.enums.v1.PendingActivityState. */
const STARTED = 2;
/** temporal.api.enums.v1.TimeoutType */
const TIMEOUTS = ['UNSPECIFIED', 'START_TO_CLOSE', 'SCHEDULE_TO_START', 'SCHEDULE_TO_CLOSE', 'HEARTBEAT'];

export async function said(child: ChildProcess, word: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      if (!chunk.toString().includes(word)) return;
      child.stdout?.off('data', hear);
      resolve();
    };
    child.stdout?.on('data', hear);
    child.once('exit', (code) => reject(new Error(`the station ended with ${code}`)));
  });
}
