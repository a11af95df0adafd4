/** Entry of the core process: the clinic itself. */
import { join } from 'node:path';
import { z } from 'zod';
import type { Clinic } from '../core/clinic-api.ts';
import { restoreBackup } from '../core/backup/restore.ts';
import { openClinic } from '../core/clinic.ts';
import { stationIdOf } from '../core/station.ts';
import { startTraces } from '../core/telemetry/traces.ts';
import { deviceConfigurationSchema, keyCustodySchema, surfaceSchema } from '../contract/index.ts';
import type { InferenceApi } from '../../native/inference/inference-api.ts';
import type { DevicesApi } from '../../native/supervisor/devices-api.ts';
import { buildId } from './build-id.ts';
import { cloudSettings } from './cloud-settings.ts';
import { DEVICES_METHODS, INFERENCE_METHODS, STATION_WORK_METHODS } from './interfaces.ts';
import { carryOut } from './key-change.ts';
import type { CoreAsk, CoreRequest, RestoreProgress } from './messages.ts';
import { backupsIn } from './recovery.ts';
import { reconnectingApi, serveApi } from './rpc.ts';
import { runService } from './run-service.ts';
import { serviceLog } from './service-log.ts';
import { workflowSettings } from './workflow-settings.ts';

/** How long a call waits for a process that is being restarted: longer than its first back-offs, shorter than patience. */
const WAIT_LIMIT_MS = 10_000;

/** How often the host is told how far a restore has come; a screen asks no faster. */
const TELL_EVERY_MS = 250;
const RESTORE_STEP_OF = {
  store: 'copying',
  files: 'bringing',
  checking: 'comparing',
} as const satisfies Record<string, RestoreProgress['step']>;

const key = z.instanceof(Uint8Array).refine((bytes) => bytes.length === 32);
const initSchema = z.object({
  directory: z.string().min(1),
  mode: z.enum(['demonstration', 'clinic']),
  masterKey: key,
  initialDevices: z.array(deviceConfigurationSchema),
  restore: z.string().nullable(),
  custody: keyCustodySchema,
  openedWithRecovery: z.boolean(),
  keyChange: z
    .object({
      by: z.object({ staffId: z.string(), name: z.string(), role: z.string() }),
      startedAt: z.iso.datetime(),
      newKey: key.nullable(),
      isSaved: z.boolean(),
    })
    .nullable(),
});
const screenSchema = z.object({ surface: surfaceSchema, screenSessionId: z.string().min(16) });

const log = serviceLog('core');
const devices = reconnectingApi<DevicesApi>(DEVICES_METHODS, 'DEVICES_RESTARTED', WAIT_LIMIT_MS);
const inference = reconnectingApi<InferenceApi>(INFERENCE_METHODS, 'ANALYSIS_RESTARTED', WAIT_LIMIT_MS);
const arrivals = { devices: 0, inference: 0 };
let clinic: Clinic | null = null;
/** What is asked before the clinic is open waits in its port. */
const { promise: opened, resolve: isOpen } = Promise.withResolvers<Clinic>();
let stopTraces: (() => Promise<void>) | null = null;

/** A person at the screen of the closed clinic chose it: who that was is not known, and so the station is named. */
async function restoreFrom(
  init: { readonly directory: string; readonly masterKey: Uint8Array },
  name: string,
  ask: (message: CoreAsk) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const tell = (progress: RestoreProgress): void => {
    ask({ type: 'restore-progress', progress }).catch((error: unknown) => stop.abort(error));
  };
  let told: { readonly step: RestoreProgress['step']; readonly atMs: number } | null = null;
  const result = await restoreBackup({
    ...init,
    path: join(backupsIn(init.directory), name),
    by: { id: stationIdOf(init.directory), role: 'station' },
    now: () => new Date(),
    signal: stop.signal,
    progress: ({ phase, done, total }) => {
      const step = RESTORE_STEP_OF[phase];
      const atMs = performance.now();
      if (told?.step === step && atMs - told.atMs < TELL_EVERY_MS) return;
      told = { step, atMs };
      tell({ step, done, total });
    },
    decide: () => ask({ type: 'restore-decided' }),
  });
  tell({ step: 'opening', done: 0, total: null });
  const { madeAt, missingFiles, damagedFiles } = result;
  log.warn({ backup: name, madeAt, missingFiles, damagedFiles }, 'a backup was restored');
}

runService({
  name: 'core',
  onInit: async (raw, host) => {
    const { restore, custody, keyChange, ...given } = initSchema.parse(raw);
    const ask = (message: CoreAsk): Promise<void> => host.ask(message);
    const changed = keyChange === null ? null : await carryOut({ ...given, keyChange, ask });
    const init = { ...given, masterKey: changed?.masterKey ?? given.masterKey };
    if (restore !== null) await restoreFrom(init, restore, ask);
    const collector = process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '';
    if (collector !== '') stopTraces = await startTraces(collector);
    const workflows = workflowSettings(process.env);
    clinic = await openClinic({
      ...init,
      buildId: buildId(),
      devices: devices.api,
      inference: inference.api,
      now: () => new Date(),
      log,
      cloud: cloudSettings(process.env),
      ...(workflows !== null && { workflows }),
      keys: { custody, change: (by) => ask({ type: 'change-key', by }) },
      keyChange: changed?.job ?? null,
    });
    isOpen(clinic);
    // One that came back while the clinic was being opened has lost what it was told before.
    for (const process of ['devices', 'inference'] as const) if (arrivals[process] > 1) clinic.resumed(process);
    return null;
  },
  onPort: (label, detail, port) => {
    switch (label) {
      case 'devices':
      case 'inference':
        (label === 'devices' ? devices : inference).connect(port);
        arrivals[label] += 1;
        if (arrivals[label] > 1) clinic?.resumed(label);
        break;
      case 'station-worker':
        void opened.then(({ stationWork }) => serveApi(stationWork, STATION_WORK_METHODS, port));
        break;
      case 'screen': {
        const screen = screenSchema.safeParse(detail);
        if (clinic !== null && screen.success) clinic.attach(port, screen.data);
        else port.close();
        break;
      }
      default:
        port.close();
    }
  },
  onRequest: async (raw) => {
    const request = raw as CoreRequest;
    switch (request.type) {
      case 'processes':
        clinic?.reportProcesses(request.processes);
        return null;
      case 'open-media':
        return clinic?.openMedia(request.path, request.screenSessionId) ?? null;
      default:
        return request satisfies never;
    }
  },
  onStop: async () => {
    await clinic?.close();
    await stopTraces?.();
  },
});
