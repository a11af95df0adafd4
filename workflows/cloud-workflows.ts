/** The part of `npm run cloud` that runs workflows: a Temporal development server and a worker, where they can be had. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { TEMPORAL_PAGE_PATH } from './api/temporal/page-paths.ts';
import { clientConverter } from './codec/data-converter.ts';
import { EncryptionCodec } from './codec/encryption-codec.ts';
import { INSTALLATION_ID, derivedKeys, readKeys } from './codec/keys.ts';
import { isFreePort } from './database/free-port.ts';
import { reconcile } from './schedules/reconcile.ts';
import { SCHEDULES } from './schedules/schedules.ts';
import { temporalProgram } from './temporal/binary.ts';
import type { TemporalServer } from './temporal/server.ts';
import { startTemporal } from './temporal/server.ts';

export interface CloudWorkflows {
  /** Of the API; what of Temporal's is set in it is used instead of an own server. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where the data lie. */
  readonly folder: string;
  /** Where an own server listens, so that stations find it again after a restart; null: at any free one. */
  readonly port: number | null;
  readonly say: (line: string) => void;
  /** Undone in reverse order. */
  readonly started: (() => Promise<void>)[];
}

/**
 * Says in a line what runs, or why nothing does: the rest of the cloud goes on without. The schedules of an own server are made as the code
 * has them; those of another one are somebody's matter (`npm run workflow -- schedules`).
 *
 * @returns the own server; null: there is none
 */
export async function startWorkflows(cloud: CloudWorkflows): Promise<TemporalServer | null> {
  const { environment, folder, port, say, started } = cloud;
  const named = environment['TEMPORAL_ADDRESS'] ?? '';
  let own: TemporalServer | null = null;
  if (named === '') {
    try {
      const program = await temporalProgram({ environment, say });
      const databaseFile = join(folder, 'temporal.db');
      // Whoever answers there would be taken for the own server.
      if (port !== null && !(await isFreePort(port))) throw new Error(`port ${port} is in use`);
      const namespace = environment['TEMPORAL_NAMESPACE'] || 'default';
      own = await startTemporal({
        program,
        databaseFile,
        namespace,
        ...(port !== null && { port }),
        pagePath: TEMPORAL_PAGE_PATH,
      });
      started.push(own.stop);
      await makeSchedules(own, environment['WORKFLOW_KEYS'] ?? '');
    } catch (error) {
      say(`Workflows   none: ${error instanceof Error ? error.message : String(error)}`);
      return own;
    }
  }
  const address = own?.address ?? named;
  say(
    (await startWorker(cloud, address))
      ? `Workflows   TEMPORAL_ADDRESS=${address} has a station use them`
      : 'Workflows   none: the worker did not start',
  );
  return own;
}

async function makeSchedules({ address, namespace }: TemporalServer, keys: string): Promise<void> {
  const codec = new EncryptionCodec(derivedKeys(readKeys(keys)), INSTALLATION_ID);
  const connection = await Connection.connect({ address });
  try {
    await reconcile(new Client({ connection, namespace, dataConverter: clientConverter(codec) }), SCHEDULES, false);
  } finally {
    await connection.close();
  }
}

/** @returns whether it works */
async function startWorker({ environment, started }: CloudWorkflows, address: string): Promise<boolean> {
  const worker = spawn(process.execPath, [join(import.meta.dirname, 'worker', 'main.ts')], {
    env: { TEMPORAL_LOG_LEVEL: 'WARN', ...environment, TEMPORAL_ADDRESS: address },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = once(worker, 'exit');
  const kill = (): void => void worker.kill('SIGKILL');
  process.once('exit', kill);
  started.push(async () => {
    worker.kill('SIGTERM');
    await gone;
    process.removeListener('exit', kill);
  });
  return new Promise<boolean>((resolve) => {
    worker.stdout.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('"listening"')) resolve(true);
    });
    void gone.then(() => resolve(false));
  });
}
