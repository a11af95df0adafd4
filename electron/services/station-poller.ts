/** Polls the cloud for work of this station and of its location. Activities only: no workflow ever runs at a station. */
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { stationQueueOf, workstationQueueOf } from '../contract/index.ts';
import { payloadEncryption } from '../core/outbox/payload-encryption.ts';
import type { StationLine, StationWorkApi } from '../core/station-work/station-work-api.ts';
import { createStationActivities } from './station-activities.ts';

export interface StationPollerOptions {
  readonly line: StationLine;
  readonly api: Omit<StationWorkApi, 'line'>;
  /** File of the failure converter, as the SDK loads it. */
  readonly failureConverterPath: string;
}

export interface StationPoller {
  /** Until it stops; rejects with what broke it. */
  readonly done: Promise<void>;
  /** What is under way gets {@link GRACE_MS}, then is given back to the cloud. */
  stop(): Promise<void>;
}

/** Less than the time that a service has for its end. */
const GRACE_MS = 1500;
/** Work of a station comes one by one; of a location it is taken up only. */
const AT_ONCE = 4;

/** Once per process, before anything else of Temporal's. Signals are the caller's. */
export function quietRuntime(): void {
  Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
}

/** @throws Error where the cloud can't be reached, VantageError WORKFLOWS_REFUSED for keys that are none */
export async function startStationPoller(options: StationPollerOptions): Promise<StationPoller> {
  const { line, api, failureConverterPath } = options;
  const connection = await NativeConnection.connect(connectionOptions(line));
  try {
    const encryption = line.payloadKeys === null ? null : await payloadEncryption(line.payloadKeys, line.tenantId);
    const queues = [workstationQueueOf(line.locationId), stationQueueOf(line.stationId)];
    const workers = await Promise.all(
      queues.map(async (taskQueue) =>
        Worker.create({
          connection,
          namespace: line.namespace,
          taskQueue,
          identity: line.stationId,
          activities: createStationActivities(api),
          maxConcurrentActivityTaskExecutions: AT_ONCE,
          shutdownGraceTime: GRACE_MS,
          ...(encryption !== null && {
            dataConverter: { payloadCodecs: encryption.payloadCodecs, failureConverterPath },
          }),
        }),
      ),
    );
    const done = untilEnd(workers, connection);
    return {
      done,
      stop: async () => {
        for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
        await done;
      },
    };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

/** One that ends takes the others along: they are one station. */
async function untilEnd(workers: readonly Worker[], connection: NativeConnection): Promise<void> {
  try {
    const ends = await Promise.allSettled(
      workers.map(async (worker) => {
        try {
          await worker.run();
        } finally {
          for (const other of workers) if (other.getState() === 'RUNNING') other.shutdown();
        }
      }),
    );
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  } finally {
    await connection.close();
  }
}

function connectionOptions({ address, tls, apiKey }: StationLine) {
  return {
    address,
    ...(apiKey !== null && { apiKey }),
    ...(tls !== null && {
      tls: {
        ...(tls.authority !== null && { serverRootCACertificate: Buffer.from(tls.authority) }),
        ...(tls.client !== null && {
          clientCertPair: { crt: Buffer.from(tls.client.certificate), key: Buffer.from(tls.client.key) },
        }),
      },
    }),
  };
}
