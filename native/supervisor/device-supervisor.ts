/**
 * The life of one device: found, identified, used, lost and found again. Owns the only driver that speaks to it, its state as
 * everybody sees it, and the order in which it is used. Nothing here knows a vendor or a wire.
 */
import {
  type DeviceConfiguration,
  type DeviceIdentity,
  type DeviceState,
  type DeviceStatus,
  type ProblemCode,
  VantageError,
} from '../../electron/contract/index.ts';
import type { Outcome } from '../driver/driver.ts';
import { type DeviceLog, type Failure, failure } from '../driver/outcome.ts';
import type { AnyDriver, OpenContext } from '../registry/drivers.ts';
import { type Ending, endingAfter, endingOf, STOPPED } from './ending.ts';
import { Strikes } from './strikes.ts';
import { Turns } from './turns.ts';

/** Every wait, in ms, and when a device is set aside. */
export interface SupervisorLimits {
  readonly openMs: number;
  readonly identifyMs: number;
  readonly heartbeatMs: number;
  readonly healthMs: number;
  /** Between tries: doubled from the first to the most. */
  readonly backoffFirstMs: number;
  readonly backoffMostMs: number;
  /** How long a call waits for a device that is just being found. */
  readonly readyWaitMs: number;
  /** A device that goes away sooner after being ready counts as failing, not as unplugged. */
  readonly shortLifeMs: number;
  /** So many failures within the window, and the device is quarantined. */
  readonly strikes: number;
  readonly strikeWindowMs: number;
}

export const SUPERVISOR_LIMITS: SupervisorLimits = {
  openMs: 5000,
  identifyMs: 15_000,
  heartbeatMs: 5000,
  healthMs: 10_000,
  backoffFirstMs: 250,
  backoffMostMs: 2000,
  readyWaitMs: 3000,
  shortLifeMs: 1000,
  strikes: 5,
  strikeWindowMs: 120_000,
};

export interface SupervisorParts {
  readonly openDriver: (configuration: DeviceConfiguration, context: OpenContext) => Promise<AnyDriver>;
  readonly log: DeviceLog;
  /** ms since 1970. */
  readonly now: () => number;
  readonly onChange: () => void;
  readonly limits: SupervisorLimits;
}

/** One stay of the device: from being identified to being lost. */
export interface Attachment {
  readonly driver: AnyDriver;
  readonly generation: number;
  /** Aborts when the stay ends. */
  readonly signal: AbortSignal;
}

interface Stay extends Attachment {
  readonly abort: AbortController;
  readonly over: PromiseWithResolvers<Ending>;
}

export class DeviceSupervisor {
  readonly configuration: DeviceConfiguration;
  private readonly parts: SupervisorParts;
  private readonly turns = new Turns();
  private readonly strikes: Strikes;
  private readonly stopping = new AbortController();
  private current: DeviceStatus;
  private stay: Stay | null = null;
  private tried = false;
  private impatient = false;
  private endPause: () => void = () => {};
  private arrival = Promise.withResolvers<void>();
  private running: Promise<void> | null = null;

  constructor(configuration: DeviceConfiguration, parts: SupervisorParts) {
    this.configuration = configuration;
    this.parts = parts;
    this.strikes = new Strikes(parts.limits.strikes, parts.limits.strikeWindowMs);
    const { deviceId, kind, name, room, simulated } = configuration;
    this.current = {
      deviceId,
      kind,
      name,
      room,
      simulated,
      state: 'absent',
      since: this.timestamp(),
      generation: 0,
      identity: null,
      problem: null,
    };
  }

  get status(): DeviceStatus {
    return this.current;
  }

  /** Begins looking for the device. */
  start(): void {
    this.running ??= this.live();
  }

  /** Lets go of the device for good. Work under way is aborted. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.stay?.over.resolve({ kind: 'stopped' });
    this.nudge();
    this.arrived();
    await this.running;
  }

  /** Forgets the failures and tries at once, whatever was being waited for. */
  reinstate(): void {
    this.strikes.forget();
    this.nudge();
  }

  /**
   * Uses the device alone; calls wait for each other. `work` gets a signal that aborts when the caller's does or when the
   * device goes. Never rejects: what `work` throws becomes an ambiguous outcome.
   */
  async use<T>(
    signal: AbortSignal | undefined,
    work: (driver: AnyDriver, signal: AbortSignal) => Promise<Outcome<T>>,
  ): Promise<Outcome<T>> {
    const turn = await this.turns.take(signal);
    if (turn === 'full') return failure('retryable', 'DEVICE_BUSY', 'too many calls are waiting for this device');
    if (turn === 'aborted') return failure('retryable', 'CANCELLED', 'given up while waiting for the device');
    try {
      const stay = await this.attached(signal);
      if ('kind' in stay) return stay;
      this.enter('busy', null);
      const outcome = await this.work(stay, signal, work);
      if (outcome.kind === 'broken') stay.over.resolve(endingAfter(outcome));
      if (this.stay === stay && this.current.state === 'busy') this.enter('ready', null);
      return outcome;
    } finally {
      turn.release();
    }
  }

  /** The device as it is attached now, for uses that share it. Waits a little for one that is just being found. */
  async share(signal: AbortSignal | undefined): Promise<Attachment | Failure> {
    return this.attached(signal);
  }

  private async work<T>(
    stay: Stay,
    signal: AbortSignal | undefined,
    work: (driver: AnyDriver, signal: AbortSignal) => Promise<Outcome<T>>,
  ): Promise<Outcome<T>> {
    const both = signal === undefined ? stay.signal : AbortSignal.any([signal, stay.signal]);
    try {
      return await work(stay.driver, both);
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      this.parts.log.error({ deviceId: this.current.deviceId, detail }, 'a driver threw');
      stay.over.resolve({ kind: 'faulted', code: 'INTERNAL', detail, strike: true });
      return failure('ambiguous', error instanceof VantageError ? error.code : 'INTERNAL', detail);
    }
  }

  private async attached(signal: AbortSignal | undefined): Promise<Stay | Failure> {
    const limit = AbortSignal.timeout(this.parts.limits.readyWaitMs);
    const until = signal === undefined ? limit : AbortSignal.any([limit, signal]);
    while (this.stay === null && this.isComing() && !until.aborted) await settledOrAborted(this.arrival.promise, until);
    if (signal?.aborted === true) return failure('retryable', 'CANCELLED', 'given up while waiting for the device');
    if (this.stay !== null) return this.stay;
    const { state, problem } = this.current;
    const code = problem?.code ?? 'DEVICE_ABSENT';
    return failure(state === 'quarantined' ? 'refused' : 'retryable', code, `the device is ${state}`);
  }

  /** Whether waiting for the device makes sense. */
  private isComing(): boolean {
    if (this.stopping.signal.aborted) return false;
    const { state } = this.current;
    return (
      state === 'detected' || state === 'claiming' || state === 'identifying' || state === 'recovering' || !this.tried
    );
  }

  private async live(): Promise<void> {
    const { limits } = this.parts;
    let backoffMs = limits.backoffFirstMs;
    while (!this.stopping.signal.aborted) {
      const ending = await this.attempt(() => {
        backoffMs = limits.backoffFirstMs;
      });
      if (ending.kind === 'stopped') break;
      const patience = this.current.state === 'quarantined' || ending.kind === 'hopeless' ? null : backoffMs;
      await this.pause(patience);
      backoffMs = Math.min(backoffMs * 2, limits.backoffMostMs);
    }
    this.enter('absent', null);
  }

  /** One try: find, claim, identify, then stay until it ends. Cleans up after itself. */
  private async attempt(onReady: () => void): Promise<Ending> {
    const { limits, log, now } = this.parts;
    const fault = this.current.state === 'faulted' || this.current.state === 'quarantined';
    if (fault) this.enter('recovering', null);
    const advance = (state: DeviceState): void => {
      if (!fault) this.enter(state, null);
    };
    const opening = AbortSignal.any([this.stopping.signal, AbortSignal.timeout(limits.openMs)]);
    let found = false;
    const onDetected = (): void => {
      if (found) return;
      found = true;
      advance('detected');
      advance('claiming');
    };
    let driver: AnyDriver;
    try {
      driver = await this.parts.openDriver(this.configuration, { signal: opening, onDetected, log, now });
    } catch (error) {
      const ending = this.stopping.signal.aborted ? STOPPED : endingOf(error);
      this.tell(ending);
      return ending;
    }
    if (found) advance('identifying');
    const identity = await this.identify(driver, () => found);
    if (!('kind' in identity)) {
      onDetected();
      advance('identifying');
      onReady();
    }
    const ending = 'kind' in identity ? identity : await this.hold(driver, identity);
    // Said before the closing, which may take a while.
    this.tell(ending);
    await driver.close();
    return ending;
  }

  /** Who is there, if it is who should be. */
  private async identify(driver: AnyDriver, found: () => boolean): Promise<DeviceIdentity | Ending> {
    const limit = AbortSignal.timeout(this.parts.limits.identifyMs);
    let identity: Outcome<DeviceIdentity>;
    try {
      identity = await driver.identify(AbortSignal.any([this.stopping.signal, limit]));
    } catch (error) {
      return endingOf(error);
    }
    if (this.stopping.signal.aborted) return STOPPED;
    if (identity.kind === 'completed') return this.wrongDevice(identity.value) ?? identity.value;
    const { code, detail } = identity;
    if (limit.aborted && code === 'CANCELLED') {
      return { kind: 'faulted', code: 'DEVICE_SILENT', detail: 'did not identify itself in time', strike: false };
    }
    if (code === 'DEVICE_ABSENT' || (code === 'DEVICE_LOST' && !found())) {
      return { kind: 'detached', code: 'DEVICE_ABSENT', detail, strike: false };
    }
    return { kind: 'faulted', code, detail, strike: code === 'DEVICE_GARBLED' || code === 'DEVICE_LOST' };
  }

  private wrongDevice(identity: DeviceIdentity): Ending | null {
    const { expectedSerial } = this.configuration;
    if (expectedSerial === undefined || identity.serial === expectedSerial) return null;
    return {
      kind: 'faulted',
      code: 'DEVICE_WRONG',
      detail: `serial ${identity.serial}, expected ${expectedSerial}`,
      strike: false,
    };
  }

  /** The device is there, until it is lost, faulted or let go. */
  private async hold(driver: AnyDriver, identity: DeviceIdentity): Promise<Ending> {
    const { log, now, limits } = this.parts;
    const abort = new AbortController();
    const { generation } = this.current;
    const stay: Stay = { driver, generation, signal: abort.signal, abort, over: Promise.withResolvers<Ending>() };
    this.stay = stay;
    this.current = { ...this.current, identity };
    this.enter('ready', null);
    this.arrived();
    log.info({ deviceId: this.current.deviceId, serial: identity.serial, generation }, 'device ready');
    const readyAtMs = now();
    void this.followClosing(stay);
    let beating = false;
    const heartbeat = setInterval(() => {
      if (beating || this.current.state !== 'ready') return;
      beating = true;
      void this.beat(stay).finally(() => {
        beating = false;
      });
    }, limits.heartbeatMs);
    const ending = await stay.over.promise;
    clearInterval(heartbeat);
    this.stay = null;
    this.current = { ...this.current, identity: null, generation: generation + 1 };
    abort.abort();
    const short = ending.kind === 'detached' && now() - readyAtMs < limits.shortLifeMs;
    return short ? { ...ending, strike: true } : ending;
  }

  private async followClosing(stay: Stay): Promise<void> {
    const cause = await stay.driver.closed;
    if (cause.kind === 'failed' && cause.errorCode === 'DEVICE_SILENT') {
      stay.over.resolve({ kind: 'faulted', code: 'DEVICE_SILENT', detail: cause.detail, strike: true });
      return;
    }
    const detail = cause.kind === 'closed' ? 'closed' : cause.detail;
    stay.over.resolve({ kind: 'detached', code: 'DEVICE_ABSENT', detail, strike: false });
  }

  private async beat(stay: Stay): Promise<void> {
    const signal = AbortSignal.any([stay.signal, AbortSignal.timeout(this.parts.limits.healthMs)]);
    const outcome = await stay.driver.health(signal);
    if (outcome.kind === 'broken') stay.over.resolve(endingAfter(outcome));
    else if (outcome.kind === 'retryable' && signal.aborted && !stay.signal.aborted) {
      stay.over.resolve({ kind: 'faulted', code: 'DEVICE_SILENT', detail: 'no sign of life in time', strike: true });
    }
  }

  private tell(ending: Ending): void {
    this.tried = true;
    if (ending.kind === 'stopped') return;
    const { code, detail } = ending;
    if (ending.strike && this.strikes.add(this.parts.now())) {
      this.enter('quarantined', { code: 'DEVICE_QUARANTINED', detail: `${code}: ${detail}` });
    } else {
      this.enter(ending.kind === 'detached' ? 'absent' : 'faulted', { code, detail });
    }
  }

  private enter(state: DeviceState, problem: { readonly code: ProblemCode; readonly detail: string } | null): void {
    const { current } = this;
    if (current.state === state && current.problem?.code === problem?.code) return;
    const at = this.timestamp();
    this.current = {
      ...current,
      state,
      since: at,
      problem: problem === null ? null : { code: problem.code, detail: problem.detail.slice(0, 500), at },
    };
    const { deviceId, generation } = current;
    const fields = {
      deviceId,
      from: current.state,
      to: state,
      generation,
      problem: problem?.code,
      detail: problem?.detail,
    };
    if (state === 'faulted' || state === 'quarantined') this.parts.log.warn(fields, 'device state');
    else this.parts.log.debug(fields, 'device state');
    // Whoever waits for the device looks again at each change.
    this.arrived();
    this.parts.onChange();
  }

  private arrived(): void {
    this.arrival.resolve();
    this.arrival = Promise.withResolvers<void>();
  }

  /** Waits; `null` is until nudged. */
  private async pause(milliseconds: number | null): Promise<void> {
    // Whoever nudged while the last driver was being closed meant this pause.
    if (!this.impatient) {
      await new Promise<void>((resolve) => {
        const timer = milliseconds === null ? null : setTimeout(resolve, milliseconds);
        this.endPause = () => {
          if (timer !== null) clearTimeout(timer);
          resolve();
        };
      });
      this.endPause = () => {};
    }
    this.impatient = false;
  }

  private nudge(): void {
    this.impatient = true;
    this.endPause();
  }

  private timestamp(): string {
    return new Date(this.parts.now()).toISOString();
  }
}

/** Resolves with `promise` or when the signal aborts. */
async function settledOrAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const aborted = Promise.withResolvers<void>();
  const onAbort = (): void => aborted.resolve();
  signal.addEventListener('abort', onAbort);
  await Promise.race([promise, aborted.promise]);
  signal.removeEventListener('abort', onAbort);
}
