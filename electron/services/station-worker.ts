/** Entry of the station-worker process: polls the cloud's workflows for work in the clinic and has core do it. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { StationWorkApi } from '../core/station-work/station-work-api.ts';
import { STATION_WORK_METHODS } from './interfaces.ts';
import { keepPolling } from './keep-polling.ts';
import type { Polling } from './keep-polling.ts';
import { reconnectingApi } from './rpc.ts';
import { runService } from './run-service.ts';
import { serviceLog } from './service-log.ts';
import { quietRuntime, startStationPoller } from './station-poller.ts';

/** How long a call waits for core to be back. */
const WAIT_LIMIT_MS = 10_000;

const log = serviceLog('station-worker');
const core = reconnectingApi<StationWorkApi>(STATION_WORK_METHODS, 'CORE_RESTARTED', WAIT_LIMIT_MS);
let polling: Polling | null = null;

runService({
  name: 'station-worker',
  onInit: async () => {
    quietRuntime();
    const failureConverterPath = failureConverter();
    polling = keepPolling({
      api: core.api,
      start: async (line) => startStationPoller({ line, api: core.api, failureConverterPath }),
      log,
    });
    return null;
  },
  onPort: (label, _detail, port) => {
    if (label === 'core') core.connect(port);
    else port.close();
  },
  onStop: async () => polling?.stop(),
});

/** Beside this file where it is built, else the source. */
function failureConverter(): string {
  const built = fileURLToPath(new URL('failure-converter.cjs', import.meta.url));
  return existsSync(built)
    ? built
    : fileURLToPath(new URL('../../workflows/codec/failure-converter.ts', import.meta.url));
}
