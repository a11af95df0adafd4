/** The part of `npm run cloud` that runs workflows: a Temporal development server and a worker, where they can be had. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readKeys, tenantKey } from './codec/keys.ts';
import { temporalProgram } from './temporal/binary.ts';
import { startTemporal } from './temporal/server.ts';

export interface CloudWorkflows {
  /** Of the API; what of Temporal's is set in it is used instead of an own server. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Where the data lie. */
  readonly folder: string;
  /** The clinic, whose stations get a key. */
  readonly tenantId: string;
  readonly say: (line: string) => void;
  /** Undone in reverse order. */
  readonly started: (() => Promise<void>)[];
}

/** Says in a line what runs, or why nothing does: the rest of the cloud goes on without. @returns where Temporal is, or null */
export async function startWorkflows({
  environment,
  folder,
  tenantId,
  say,
  started,
}: CloudWorkflows): Promise<string | null> {
  let address = environment['TEMPORAL_ADDRESS'];
  if (address === undefined || address === '') {
    try {
      const program = await temporalProgram({ environment, say });
      const server = await startTemporal({ program, databaseFile: join(folder, 'temporal.db') });
      started.push(server.stop);
      ({ address } = server);
    } catch (error) {
      say(`Workflows   none: ${error instanceof Error ? error.message : String(error)}`);
      return null;
    }
  }
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
  const isListening = await new Promise<boolean>((resolve) => {
    worker.stdout.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('"listening"')) resolve(true);
    });
    void gone.then(() => resolve(false));
  });
  if (!isListening) {
    say('Workflows   none: the worker did not start');
    return address;
  }
  const [master] = readKeys(environment['WORKFLOW_KEYS'] ?? '');
  if (master === undefined) return address;
  const { id, key } = tenantKey(master, tenantId);
  const keysFile = join(folder, 'station-payload-keys');
  writeFileSync(keysFile, `${id}:${Buffer.from(key).toString('base64')}\n`, { mode: 0o600 });
  say(`Workflows   TEMPORAL_ADDRESS=${address} TEMPORAL_PAYLOAD_KEYS_FILE=${keysFile} has a station use them`);
  return address;
}
