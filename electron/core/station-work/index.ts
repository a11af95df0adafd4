/** What a station does of itself and for the cloud's workflows: its acceptance, its devices' calibrations, and the way on which it is asked. */
import type { DeviceConfiguration, DeviceStatus } from '../../contract/index.ts';
import type { InferenceApi } from '../../../native/inference/inference-api.ts';
import type { DevicesApi } from '../../../native/supervisor/devices-api.ts';
import { Changes, live } from '../api/live.ts';
import type { Signer } from '../audit/signer.ts';
import type { Log, WorkflowSettings } from '../clinic-api.ts';
import { codeOf } from '../problems.ts';
import type { StationIdentity } from '../station.ts';
import type { Store } from '../store/index.ts';
import type { Sync } from '../sync/index.ts';
import type { Vault } from '../vault/index.ts';
import type { Author } from '../visits/author.ts';
import { Calibrations } from './calibrations.ts';
import { SelfTest } from './self-test.ts';
import type { StationLine, StationWorkApi } from './station-work-api.ts';

export interface StationWorkOptions {
  readonly store: Store;
  readonly vault: Vault;
  readonly devices: Pick<DevicesApi, 'weigh'>;
  readonly inference: Pick<InferenceApi, 'verify'>;
  readonly sync: Pick<Sync, 'isEnrolled' | 'state'>;
  readonly configurations: () => readonly DeviceConfiguration[];
  readonly deviceStatuses: () => readonly DeviceStatus[];
  readonly station: StationIdentity;
  readonly signer: Signer;
  readonly buildId: string;
  /** Null: no workflows are configured. */
  readonly workflows: WorkflowSettings | null;
  /** The line to the cloud, and with it the station's place and keys, may be another. */
  readonly lineChanges: Changes;
  readonly now: () => Date;
  readonly log: Log;
}

export interface StationWork {
  readonly selfTest: SelfTest;
  readonly calibrations: Calibrations;
  /** For the process that polls. */
  readonly api: StationWorkApi;
  readonly changes: Changes;
  /** Begins an acceptance; without workflows it is made here at once, in the background. */
  beginAcceptance(by: Author): Promise<{ readonly runId: string }>;
  /** What is under way is given up. */
  close(): Promise<void>;
}

export function openStationWork(options: StationWorkOptions): StationWork {
  const { configurations, station, workflows, lineChanges, log } = options;
  const changes = new Changes();
  const changed = (): void => changes.notify();
  const selfTest = new SelfTest({ ...options, changed });
  const calibrations = new Calibrations({
    ...options,
    configurationOf: (deviceId) => configurations().find((one) => one.deviceId === deviceId) ?? null,
    changed,
  });
  const closing = new AbortController();
  let local: Promise<unknown> = Promise.resolve();

  function line(): StationLine | null {
    if (workflows === null) return null;
    const { tenantId, locationId, stationId } = station;
    try {
      const { tls, apiKey, payloadKeys } = workflows.credentials();
      // Whoever keeps the histories reads nothing of the clinic's.
      if (payloadKeys === null) return null;
      const { address, namespace } = workflows;
      return { tenantId, locationId, stationId, address, namespace, tls: textOf(tls), apiKey, payloadKeys };
    } catch (error) {
      log.warn({ code: codeOf(error) }, 'no work is polled for');
      return null;
    }
  }

  return {
    selfTest,
    calibrations,
    changes,
    api: {
      line: async (call) => live(line, [lineChanges], [closing.signal, ...(call?.signal ? [call.signal] : [])]),
      takeUpAcceptance: async (request) => selfTest.takeUp(request),
      runCheck: async (request, call) => selfTest.check(request, call),
      concludeAcceptance: async (request) => selfTest.conclude(request),
      giveUpAcceptance: async (request) => selfTest.giveUp(request),
      prepareCalibration: async (request) => calibrations.prepare(request),
      readCalibration: async (request) => calibrations.standing(request),
      putBackCalibration: async (request) => calibrations.putBack(request),
    },
    beginAcceptance: async (by) => {
      const run = await selfTest.begin(by);
      if (station.workflowsConfigured) return run;
      local = local
        .then(async () => selfTest.make(run.runId, closing.signal))
        .catch(async (error: unknown) => {
          if (!closing.signal.aborted) log.warn({ code: codeOf(error) }, 'an acceptance could not be made');
          await selfTest.giveUp({ runId: run.runId });
        });
      return run;
    },
    close: async () => {
      closing.abort();
      await local.catch((error: unknown) => log.error({ code: codeOf(error) }, 'an acceptance could not be ended'));
    },
  };
}

function pem(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}

function textOf(tls: ReturnType<WorkflowSettings['credentials']>['tls']): StationLine['tls'] {
  if (tls === null) return null;
  return {
    authority: tls.authority === null ? null : pem(tls.authority),
    client: tls.client === null ? null : { certificate: pem(tls.client.certificate), key: pem(tls.client.key) },
  };
}
