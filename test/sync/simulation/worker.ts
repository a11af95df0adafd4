/** A process that runs simulations, one after the other: it is sent a seed and answers with what came of it. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServerAddress } from '../cloud-database.ts';
import { CloudDatabase } from '../cloud-database.ts';
import type { Control } from './controls.ts';
import { runScenario } from './scenario.ts';

/** What it is started with, as JSON. */
export interface WorkerOptions {
  readonly server: ServerAddress;
  readonly stations: number;
  readonly control: Control | null;
  readonly verbose: boolean;
}

/** Files in memory where there is such a disk: thousands of stores are made, and power is not what is proved here. */
const MEMORY_DISK = '/dev/shm';

const options = JSON.parse(process.argv[2] ?? '') as WorkerOptions;
const folder = mkdtempSync(join(existsSync(MEMORY_DISK) ? MEMORY_DISK : tmpdir(), 'vantage-sync-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const database = await CloudDatabase.create(options.server, `worker_${process.pid}`);
process.once('disconnect', () => void database.drop().finally(() => process.exit()));

process.on('message', (seed: number) => {
  runScenario({
    seed,
    stations: options.stations,
    control: options.control,
    database,
    folder,
    ...(options.verbose && { trace: (line: string) => process.stdout.write(`  ${line}\n`) }),
  }).then(
    (result) => process.send?.({ ...result, faults: Object.fromEntries(result.faults) }),
    // Whoever started this process hears that it is gone, and reads why.
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
      process.exit(1);
    },
  );
});
process.send?.('ready');
