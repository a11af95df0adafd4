/** A worker of the cloud: the workflows, their activities, and how it is reached and seen. */
import type { WorkerDeploymentOptions, WorkflowBundleOption } from '@temporalio/worker';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { CloudActivities } from '../activities/create-activities.ts';
import type { OperationsActivities } from '../activities/operations-activities.ts';
import type { TemporalConfig, WorkerLimits } from '../client/temporal-config.ts';
import { workerConverter } from '../codec/data-converter.ts';
import { EncryptionCodec } from '../codec/encryption-codec.ts';
import type { TenantKeys } from '../codec/keys.ts';
import { bundleWorkflows, recordingSpans } from './bundle.ts';
import { ownTenantOnly } from './own-tenant.ts';
import type { Tracing } from './telemetry.ts';

export interface WorkerOptions {
  readonly temporal: TemporalConfig;
  readonly limits: WorkerLimits;
  readonly keys: TenantKeys;
  readonly activities: CloudActivities & Partial<OperationsActivities>;
  readonly tracing: Tracing;
  /** Which build it is (`version.ts`); left out, it is none. */
  readonly deployment?: WorkerDeploymentOptions | undefined;
  /** Made already (`bundleWorkflows`), or its file; left out, it is made now. */
  readonly bundle?: WorkflowBundleOption | undefined;
}

export interface RunningWorker {
  /** Until it stops: by a signal, `stop`, or a failure, which it throws. */
  readonly done: Promise<void>;
  /** What runs has the time of the limits; waits for it. */
  readonly stop: () => Promise<void>;
}

/** Once per process, before anything else of Temporal's: where its metrics are, and what it logs. Signals are the caller's. */
export function installRuntime({ logLevel, metricsAddress }: WorkerLimits): void {
  Runtime.install({
    logger: new DefaultLogger(logLevel),
    shutdownSignals: [],
    telemetryOptions: metricsAddress === null ? {} : { metrics: { prometheus: { bindAddress: metricsAddress } } },
  });
}

/** @throws Error when Temporal can't be reached */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { temporal, limits, tracing } = options;
  const connection = await NativeConnection.connect(temporal.connection);
  try {
    const codec = new EncryptionCodec(options.keys, null);
    const bundle = options.bundle ?? (await bundleWorkflows());
    const worker = await Worker.create({
      connection,
      namespace: temporal.namespace,
      taskQueue: limits.taskQueue,
      workflowBundle: tracing.isSent ? recordingSpans(bundle) : bundle,
      activities: options.activities,
      dataConverter: workerConverter(codec),
      interceptors: { activity: [ownTenantOnly(codec)] },
      plugins: [tracing.plugin],
      ...(options.deployment !== undefined && { workerDeploymentOptions: options.deployment }),
      maxConcurrentActivityTaskExecutions: limits.activities,
      maxConcurrentWorkflowTaskExecutions: limits.workflowTasks,
      maxCachedWorkflows: limits.cachedWorkflows,
      stickyQueueScheduleToStartTimeout: limits.cacheMs,
      shutdownGraceTime: limits.shutdownMs,
    });
    const done = untilEnd(worker, connection);
    return {
      done,
      stop: async () => {
        if (worker.getState() === 'RUNNING') worker.shutdown();
        await done;
      },
    };
  } catch (error) {
    await connection.close();
    throw error;
  }
}

async function untilEnd(worker: Worker, connection: NativeConnection): Promise<void> {
  try {
    await worker.run();
  } finally {
    await connection.close();
  }
}
