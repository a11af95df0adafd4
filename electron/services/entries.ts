/** Where the entry files of the services are when Node runs the sources. */
import { fileURLToPath } from 'node:url';
import type { SupervisorOptions } from './supervisor.ts';

export function sourceEntries(): SupervisorOptions<never>['entries'] {
  return {
    core: pathOf('core.ts'),
    devices: pathOf('devices.ts'),
    inference: pathOf('inference.ts'),
    simulators: pathOf('simulators.ts'),
    'station-worker': pathOf('station-worker.ts'),
  };
}

function pathOf(file: string): string {
  return fileURLToPath(new URL(file, import.meta.url));
}

export function sourceModelsDirectory(): string {
  return fileURLToPath(new URL('../../native/inference/models', import.meta.url));
}
