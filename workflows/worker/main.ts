/**
 * `npm run worker`: a worker as a process, configured by the environment; ends cleanly on SIGTERM and SIGINT.
 *
 *   --bundle FILE   only bundles the workflows into this file, for `WORKFLOW_BUNDLE`
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { createActivities } from '../activities/create-activities.ts';
import { createOperationsActivities } from '../activities/create-operations-activities.ts';
import { InternalApi } from '../activities/internal-api.ts';
import { createLog } from '../api/log.ts';
import { archiveOf } from '../archive/config.ts';
import { temporalConfigOf, workerLimitsOf } from '../client/temporal-config.ts';
import { clientConverter } from '../codec/data-converter.ts';
import { EncryptionCodec } from '../codec/encryption-codec.ts';
import { derivedKeys } from '../codec/keys.ts';
import { bundleWorkflows } from './bundle.ts';
import { workerConfigOf } from './config.ts';
import { installRuntime, startWorker } from './create-worker.ts';
import { startTracing } from './telemetry.ts';
import { deploymentOf } from './version.ts';

const { values: options } = parseArgs({ options: { bundle: { type: 'string' } } });
if (options.bundle !== undefined) writeFileSync(options.bundle, (await bundleWorkflows()).code);
else {
  const settings = configured();
  if (settings === null) process.exitCode = 1;
  else await run(settings);
}

function settingsOf(environment: NodeJS.ProcessEnv) {
  const temporal = temporalConfigOf(environment);
  if (temporal === null) throw new Error('missing in the environment: TEMPORAL_ADDRESS');
  return {
    temporal,
    config: workerConfigOf(environment),
    limits: workerLimitsOf(environment),
    deployment: deploymentOf(environment),
  };
}

/** Null: something is missing or wrong, which is told in a line that names the variables. A stack would help nobody. */
function configured(): ReturnType<typeof settingsOf> | null {
  try {
    return settingsOf(process.env);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${reason}\n.env.example describes them; npm run cloud starts a worker that needs none.\n`);
    return null;
  }
}

async function run({ temporal, config, limits, deployment }: ReturnType<typeof settingsOf>): Promise<void> {
  const log = createLog('info');
  installRuntime(limits);
  const tracing = startTracing(config.traces);
  const { fusion, notifier, timing, bundleFile } = config;
  const keys = derivedKeys(config.keys);
  const api = new InternalApi(config.api);
  // For what is asked of Temporal itself: lists and histories.
  const connection = Connection.lazy(temporal.connection);
  const client = new Client({
    connection,
    namespace: temporal.namespace,
    dataConverter: clientConverter(new EncryptionCodec(keys, null)),
  });
  const worker = await startWorker({
    temporal,
    limits,
    tracing,
    deployment,
    keys,
    activities: {
      ...createActivities({ api, fusion, notifier, timing }),
      ...createOperationsActivities({ client, api, archive: archiveOf(process.env, keys) }),
    },
    bundle: bundleFile === null ? undefined : { codePath: bundleFile },
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      log.info({ signal }, 'stopping');
      worker.stop().catch(() => undefined);
    });
  }
  // Whoever reads this may stop it: from here on that ends well.
  const { buildId } = deployment.version;
  log.info({ taskQueue: limits.taskQueue, fusion: fusion.name, buildId }, 'listening');
  try {
    await worker.done;
    log.info('stopped');
  } catch (error) {
    log.error({ err: error }, 'stopped by a failure');
    process.exitCode = 1;
  } finally {
    await connection.close();
    await tracing.stop();
  }
}
