/**
 * Runs the station's processes, on either host: starts them in order, restarts what dies, joins them by ports, gives core its key and
 * the screens their way to core. No domain code.
 */
import type { Log, MediaGrant, Screen } from '../core/clinic-api.ts';
import type {
  DeviceConfiguration,
  Problem,
  ProcessStatus,
  RecoveryAnswer,
  RecoveryOffer,
  RecoveryRequest,
  StationWork,
} from '../contract/index.ts';
import { VantageError } from '../contract/index.ts';
import { Keeper } from './keeper.ts';
import type { KeeperTiming } from './keeper.ts';
import { KeyChanges } from './key-changes.ts';
import type { CoreAsk, CoreInit, CoreRequest, InferenceInit, SimulatorsInit, SimulatorsReady } from './messages.ts';
import { copyDamaged, recoveryOffer, unlockOffer } from './recovery.ts';
import { Restoring } from './restoring.ts';
import type { ServiceHandle, StartOptions } from './service-handle.ts';
import { connectServices, startService } from './service-handle.ts';
import type { ServiceLauncher } from './service-process.ts';
import type { StationKeys } from './station-keys.ts';

type ServiceName = ProcessStatus['name'];

interface SupervisorTiming extends KeeperTiming {
  readonly readyLimitMs: number;
  /** The same where a backup is restored before. */
  readonly restoreLimitMs: number;
  readonly requestLimitMs: number;
  readonly stopLimitMs: number;
  readonly heartbeatMs: number;
  /** For a process that blocks its thread while it works. */
  readonly patientHeartbeatMs: number;
}

const STANDARD_TIMING: SupervisorTiming = {
  firstBackoffMs: 200,
  longestBackoffMs: 5000,
  mostCrashes: 5,
  crashWindowMs: 60_000,
  // A migration or the first look at the models on a slow disk.
  readyLimitMs: 120_000,
  // Pictures that are gone here are copied back from the backup, and each is compared.
  restoreLimitMs: 4 * 3_600_000,
  requestLimitMs: 10_000,
  stopLimitMs: 8000,
  // Four beats without an answer: a person at a device that stands still should not wait for more than half a minute.
  heartbeatMs: 5000,
  patientHeartbeatMs: 30_000,
};

export interface SupervisorOptions<Port> {
  readonly launcher: ServiceLauncher<Port>;
  readonly buildId: string;
  /** Absolute paths of the entry files. */
  readonly entries: Readonly<Record<ServiceName, string>>;
  readonly clinic: { readonly directory: string; readonly mode: 'demonstration' | 'clinic' };
  /** Asked for the key when core is first started; it is kept in memory for core's restarts. */
  readonly keys: StationKeys;
  readonly modelsDirectory: string;
  /** Whether the cloud's workflows are configured: then their work for this station is polled for. Never in a demonstration. */
  readonly hasWorkflows?: boolean;
  readonly log: Log;
  readonly timing?: Partial<SupervisorTiming>;
}

export interface StationState {
  /** `failed`: core is not there and does not come by itself; `problem` says why. */
  readonly phase: 'starting' | 'ready' | 'restarting' | 'failed' | 'stopped';
  readonly problem: Problem | null;
  /** What the clinic is closed for, while it is. */
  readonly work: StationWork | null;
  readonly processes: readonly ProcessStatus[];
}

export interface Supervisor<Port> {
  /** Resolves when core is open, or known not to open. Never rejects. */
  start(): Promise<void>;
  readonly state: StationState;
  /** After each change. @returns how to stop listening. */
  onState(listener: (state: StationState) => void): () => void;
  /** Hands the port to core. False: core is not there now; the port has been closed. */
  attachScreen(port: Port, screen: Screen): boolean;
  /** Null: unknown, expired, another screen's, or core is not there. */
  openMedia(path: string, screenSessionId: string): Promise<MediaGrant | null>;
  /** What is offered while the clinic's data can't be opened; null otherwise. */
  recovery(): Promise<RecoveryOffer | null>;
  /**
   * Does what a person chose of it. A restore ends as any start does: ready, or failed with its problem; so does an unlocking whose passphrase
   * was right.
   * @throws VantageError STATUS_CONFLICT (nothing is offered now, or nothing can be stopped), NOT_FOUND, PASSPHRASE_WRONG, DISK_FULL, DISK_FAILED
   */
  recover(request: RecoveryRequest): Promise<RecoveryAnswer>;
  /** Tries again what was given up. */
  retry(): void;
  /** In bounded time; no child is left. */
  stop(): Promise<void>;
}

/** Nobody can enter a demonstration's key: it lies in a file beside the data. */
const BY_KEY_FILE: Readonly<Partial<Record<Problem['code'], Problem['code']>>> = {
  KEY_WRONG: 'DEMONSTRATION_KEY',
  KEY_MISSING: 'DEMONSTRATION_KEY_MISSING',
};

export function createSupervisor<Port>(options: SupervisorOptions<Port>): Supervisor<Port> {
  const timing: SupervisorTiming = { ...STANDARD_TIMING, ...options.timing };
  const isDemonstration = options.clinic.mode === 'demonstration';
  const listeners = new Set<(state: StationState) => void>();
  let masterKey: Uint8Array | null = null;
  /** The backup that the next start of core restores first; that one start only. */
  let restore: string | null = null;
  let initialDevices: readonly DeviceConfiguration[] = [];
  const keyChange = new KeyChanges(options.keys, () => changed());
  const restoring = new Restoring(() => changed());
  let isUnlocking = false;
  /** Core has been open with this key, and keeps how it came by it. */
  let isKeyNoted = false;
  let isStopping = false;
  let problem: Problem | null = null;

  const launch = (
    name: ServiceName,
    init: unknown,
    mayBlock = false,
    readyLimitMs = timing.readyLimitMs,
    onAsk?: StartOptions['onAsk'],
  ): ServiceHandle<Port> =>
    startService(options.launcher, {
      name: `vantage-${name}`,
      entry: options.entries[name],
      buildId: options.buildId,
      init,
      readyLimitMs,
      requestLimitMs: timing.requestLimitMs,
      stopLimitMs: timing.stopLimitMs,
      heartbeatMs: mayBlock ? timing.patientHeartbeatMs : timing.heartbeatMs,
      onOutput: (line, stream) => options.log.info({ process: name, stream, line }, 'output'),
      ...(onAsk !== undefined && { onAsk }),
    } satisfies StartOptions);

  const keep = (
    name: ServiceName,
    parts: {
      readonly start: () => Promise<ServiceHandle<Port>>;
      readonly onLaunched?: (handle: ServiceHandle<Port>) => void;
      readonly onReady?: (result: unknown) => void;
    },
  ): Keeper<Port> =>
    new Keeper<Port>({
      start: parts.start,
      onLaunched: (handle) => {
        options.log.info({ process: name, pid: handle.pid }, 'launched');
        parts.onLaunched?.(handle);
      },
      onReady: (result) => parts.onReady?.(result),
      onChange: () => changed(),
      timing,
      log: (message, fields) => options.log.warn({ process: name, ...fields }, message),
    });

  const { promise: simulatorsSettled, resolve: settleSimulators } = Promise.withResolvers<void>();
  const simulators = keep('simulators', {
    // The same ports again, so that the addresses core knows stay true.
    start: async () => launch('simulators', { devices: initialDevices } satisfies SimulatorsInit),
    onReady: (result) => {
      initialDevices = (result as SimulatorsReady).devices;
      settleSimulators();
    },
  });
  const helper = (name: 'devices' | 'inference' | 'station-worker', init: unknown, mayBlock: boolean): Keeper<Port> =>
    keep(name, {
      start: async () => launch(name, init, mayBlock),
      onLaunched: (handle) => {
        if (core.handle !== null) connectServices(options.launcher, core.handle, name, handle, 'core');
      },
    });
  const devices = helper('devices', null, false);
  // ONNX Runtime's `run` blocks the thread for as long as a model takes.
  const inference = helper('inference', { modelsDirectory: options.modelsDirectory } satisfies InferenceInit, true);
  const stationWorker =
    options.hasWorkflows === true && !isDemonstration ? helper('station-worker', null, false) : null;
  const core: Keeper<Port> = keep('core', {
    start: async () => {
      masterKey = (await keyChange.savedKey()) ?? masterKey ?? (await options.keys.load());
      keyChange.loaded(masterKey);
      if (isDemonstration) await simulatorsSettled;
      const { custody } = options.keys;
      const init: CoreInit = {
        ...options.clinic,
        masterKey,
        initialDevices,
        restore,
        custody,
        openedWithRecovery: !isKeyNoted && options.keys.isByRecovery(),
        keyChange: keyChange.take(),
      };
      // One that was killed meanwhile did not come about, or the opening finishes it.
      if (restore === null) restoring.over();
      restore = null;
      const isLong = init.restore !== null || (init.keyChange?.newKey ?? null) !== null;
      return launch('core', init, false, isLong ? timing.restoreLimitMs : timing.readyLimitMs, asked);
    },
    onReady: () => {
      void opened();
    },
    onLaunched: (handle) => {
      const others = [['devices', devices] as const, ['inference', inference] as const];
      const all = stationWorker === null ? others : [...others, ['station-worker', stationWorker] as const];
      for (const [name, other] of all) {
        if (other.handle !== null) connectServices(options.launcher, handle, name, other.handle, 'core');
      }
    },
  });
  const kept: readonly (readonly [ServiceName, Keeper<Port>])[] = [
    ...(isDemonstration ? [['simulators', simulators] as const] : []),
    ['devices', devices],
    ['inference', inference],
    ['core', core],
    ...(stationWorker === null ? [] : [['station-worker', stationWorker] as const]),
  ];

  const processes = (): ProcessStatus[] =>
    kept.map(([name, keeper]) => ({
      name,
      state: keeper.state,
      restarts: keeper.restarts,
      since: keeper.since.toISOString(),
    }));
  const state = (): StationState => ({
    phase: phaseOf(core, isStopping),
    problem,
    work: phaseOf(core, isStopping) === 'failed' ? null : (keyChange.work ?? restoring.work),
    processes: processes(),
  });
  const toCore = (request: CoreRequest): Promise<unknown> =>
    core.handle === null ? Promise.reject(new VantageError('CORE_RESTARTED')) : core.handle.request(request);

  async function opened(): Promise<void> {
    masterKey = (await keyChange.savedKey()) ?? masterKey;
    isKeyNoted = true;
    keyChange.over();
    restoring.over();
    if (masterKey !== null) await options.keys.opened(masterKey);
    changed();
  }

  /** What core asks. */
  async function asked(raw: unknown): Promise<void> {
    const ask = raw as CoreAsk;
    switch (ask.type) {
      case 'change-key':
        keyChange.begin(ask.by);
        // Behind the answer, so that the screen that began it hears that it has begun.
        setImmediate(() => void core.again());
        return;
      case 'save-key':
        return keyChange.save();
      case 'key-step':
        return keyChange.step(ask.step);
      case 'restore-progress':
        return restoring.told(ask.progress);
      case 'restore-decided':
        return restoring.decided();
      default:
        ask satisfies never;
    }
  }

  function changed(): void {
    if (core.state !== 'stopped' || core.problem === null) problem = null;
    else problem ??= problemOf(core.problem);
    // Without simulators the demonstration has no devices, but it opens: what is on the disk can be looked at.
    if (simulators.state === 'stopped') settleSimulators();
    const now = state();
    if (core.state === 'running') {
      toCore({ type: 'processes', processes: now.processes }).catch((error: unknown) =>
        options.log.warn({ code: error instanceof VantageError ? error.code : 'INTERNAL' }, 'core was not told'),
      );
    }
    for (const listener of listeners) listener(now);
  }

  /** A restore that was stopped on request leaves what was wrong before it. */
  function problemOf({ code, detail }: VantageError): Problem {
    if (code === 'CANCELLED' && restoring.stoppedBefore !== null) return restoring.stoppedBefore;
    return {
      code: (isDemonstration ? BY_KEY_FILE[code] : undefined) ?? code,
      detail: detail.slice(0, 500),
      at: new Date().toISOString(),
    };
  }

  function retry(): void {
    // A key that did not fit is asked for anew: a person may have brought the right one.
    if (core.state === 'stopped') {
      masterKey = null;
      isKeyNoted = false;
    }
    for (const [, keeper] of kept) keeper.start();
  }

  /** One at a time: each costs as much memory as its passphrase was made to cost. */
  async function unlock(passphrase: string): Promise<void> {
    if (isUnlocking) throw new VantageError('STATUS_CONFLICT', 'another passphrase is being tried');
    isUnlocking = true;
    try {
      masterKey = await options.keys.unlock(passphrase);
      isKeyNoted = false;
      for (const [, keeper] of kept) keeper.start();
    } finally {
      isUnlocking = false;
    }
  }

  async function recovery(): Promise<RecoveryOffer | null> {
    if (phaseOf(core, isStopping) !== 'failed') return null;
    return (
      unlockOffer(problem, options.keys.passphrases()) ?? recoveryOffer(options.clinic.directory, problem, masterKey)
    );
  }

  return {
    start: () => {
      for (const [, keeper] of kept) keeper.start();
      return new Promise((resolve) => {
        const check = (now: StationState): void => {
          if (now.phase === 'starting' || now.phase === 'restarting') return;
          listeners.delete(check);
          resolve();
        };
        listeners.add(check);
        check(state());
      });
    },
    get state() {
      return state();
    },
    onState: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    attachScreen: (port, screen) => {
      if (core.state !== 'running' || core.handle === null) {
        options.launcher.open(port).close();
        return false;
      }
      core.handle.give(port, 'screen', screen);
      return true;
    },
    openMedia: async (path, screenSessionId) => {
      if (core.state !== 'running') return null;
      return (await toCore({ type: 'open-media', path, screenSessionId })) as MediaGrant | null;
    },
    recovery,
    recover: async (request) => {
      if (request.do === 'cancel') {
        restoring.cancel();
        return { copiedTo: null };
      }
      const offer = await recovery();
      if (offer === null) throw new VantageError('STATUS_CONFLICT', 'nothing is offered now');
      if (request.do === 'unlock') {
        if (offer.of !== 'key') throw new VantageError('STATUS_CONFLICT', 'no key is asked for now');
        await unlock(request.passphrase);
        return { copiedTo: null };
      }
      if (offer.of !== 'data') throw new VantageError('STATUS_CONFLICT', 'the data are not what is wrong');
      if (request.do === 'copy') return { copiedTo: await copyDamaged(options.clinic.directory) };
      if (!offer.backups.some(({ name }) => name === request.backup))
        throw new VantageError('NOT_FOUND', 'no such backup');
      restore = request.backup;
      restoring.begin(problem);
      // With the key in hand: the data were opened with it, and a passphrase is not asked for again.
      for (const [, keeper] of kept) keeper.start();
      return { copiedTo: null };
    },
    retry,
    stop: async () => {
      isStopping = true;
      settleSimulators();
      for (const [, keeper] of kept) keeper.retire();
      // What it asks of core comes to its end first; core still has devices and inference to take leave of.
      await stationWorker?.stop();
      await core.stop();
      await Promise.all([devices.stop(), inference.stop(), simulators.stop()]);
      changed();
    },
  };
}

function phaseOf<Port>(core: Keeper<Port>, isStopping: boolean): StationState['phase'] {
  if (isStopping) return 'stopped';
  switch (core.state) {
    case 'starting':
      return 'starting';
    case 'running':
      return 'ready';
    case 'restarting':
      return 'restarting';
    case 'stopped':
      return 'failed';
    default:
      return core.state satisfies never;
  }
}
