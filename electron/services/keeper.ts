/** Keeps one service running: restarts it with back-off, and gives up when it keeps stopping. */
import type { ProblemCode } from '../contract/index.ts';
import { VantageError } from '../contract/index.ts';
import type { ServiceHandle } from './service-handle.ts';

export interface KeeperTiming {
  /** Before the first restart; doubles up to `longestBackoffMs`. */
  readonly firstBackoffMs: number;
  readonly longestBackoffMs: number;
  /** This many ends within `crashWindowMs` and it is not started again. */
  readonly mostCrashes: number;
  readonly crashWindowMs: number;
}

export type KeptState = 'starting' | 'running' | 'restarting' | 'stopped';

export interface KeeperOptions<Port> {
  /** Launches it. @throws VantageError when that makes no sense now (no key). */
  readonly start: () => Promise<ServiceHandle<Port>>;
  /** It is launched; ports can be given to it. */
  readonly onLaunched: (handle: ServiceHandle<Port>) => void;
  readonly onReady: (result: unknown) => void;
  readonly onChange: () => void;
  readonly timing: KeeperTiming;
  readonly log: (message: string, fields: object) => void;
}

/** Ends that happen by themselves and may pass; anything else a service says is final until a person acts. */
const PASSING: ReadonlySet<ProblemCode> = new Set<ProblemCode>(['PROCESS_STOPPED', 'INTERNAL']);

export class Keeper<Port> {
  readonly #options: KeeperOptions<Port>;
  #state: KeptState = 'starting';
  #since = new Date();
  #restarts = 0;
  #crashes: number[] = [];
  #problem: VantageError | null = null;
  #handle: ServiceHandle<Port> | null = null;
  #stopping = false;
  /** The end of this run was asked for, and the next one, too. */
  #isWanted = false;
  #wakeUp: () => void = () => undefined;
  #run: Promise<void> | null = null;

  constructor(options: KeeperOptions<Port>) {
    this.#options = options;
  }

  get state(): KeptState {
    return this.#state;
  }
  get since(): Date {
    return this.#since;
  }
  get restarts(): number {
    return this.#restarts;
  }
  /** Why it is stopped. */
  get problem(): VantageError | null {
    return this.#problem;
  }
  /** The run that is under way, also before it is ready. */
  get handle(): ServiceHandle<Port> | null {
    return this.#handle;
  }

  /** Starts it, or starts it again after it was given up. Does nothing while it runs. */
  start(): void {
    if (this.#run !== null || this.#stopping) return;
    this.#crashes = [];
    this.#problem = null;
    this.#run = this.#keep().finally(() => {
      this.#run = null;
    });
  }

  /** From now on it is not started again, whoever ends it: a signal to the whole group reaches the services too. */
  retire(): void {
    this.#stopping = true;
    this.#wakeUp();
  }

  /** Ends the run that is under way and starts the next one at once: on purpose, which is no crash. */
  async again(): Promise<void> {
    if (this.#handle === null) return;
    this.#isWanted = true;
    await this.#handle.stop();
  }

  /** Ends it for good. */
  async stop(): Promise<void> {
    this.retire();
    await this.#handle?.stop();
    await this.#run;
  }

  async #keep(): Promise<void> {
    this.#set(this.#restarts === 0 ? 'starting' : 'restarting');
    while (!this.#stopping) {
      const problem = await this.#runOnce();
      if (this.#stopping) break;
      if (this.#isWanted) {
        this.#isWanted = false;
        this.#set('starting');
        continue;
      }
      this.#crashes = [...this.#crashes, performance.now()].filter(
        (at) => performance.now() - at < this.#options.timing.crashWindowMs,
      );
      const isFinal = problem !== null && !PASSING.has(problem.code);
      if (isFinal || this.#crashes.length >= this.#options.timing.mostCrashes) {
        this.#problem = isFinal ? problem : new VantageError('PROCESS_STOPPED', problem?.detail ?? 'it keeps stopping');
        this.#options.log('given up', { code: this.#problem.code, detail: this.#problem.detail });
        this.#set('stopped');
        return;
      }
      this.#set('restarting');
      await this.#backOff();
      this.#restarts += 1;
    }
    this.#set('stopped');
  }

  /** @returns why it ended: its own problem, or null when it just ended. */
  async #runOnce(): Promise<VantageError | null> {
    try {
      const handle = await this.#options.start();
      if (this.#stopping) {
        await handle.stop();
        return null;
      }
      this.#handle = handle;
      this.#options.onLaunched(handle);
      const problem = await this.#untilOver(handle);
      this.#handle = null;
      return problem;
    } catch (error) {
      return error instanceof VantageError ? error : new VantageError('INTERNAL', 'could not be launched');
    }
  }

  async #untilOver(handle: ServiceHandle<Port>): Promise<VantageError | null> {
    let problem: VantageError | null = null;
    try {
      const result = await handle.ready;
      this.#options.onReady(result);
      this.#set('running');
    } catch (error) {
      problem = error instanceof VantageError ? error : new VantageError('INTERNAL');
      handle.kill();
    }
    const exit = await handle.exited;
    if (!this.#stopping) this.#options.log('ended', { reason: exit.reason, code: problem?.code });
    return problem;
  }

  async #backOff(): Promise<void> {
    const { firstBackoffMs, longestBackoffMs } = this.#options.timing;
    const waitMs = Math.min(longestBackoffMs, firstBackoffMs * 2 ** (this.#crashes.length - 1));
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      this.#wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #set(state: KeptState): void {
    if (this.#state !== state) this.#since = new Date();
    this.#state = state;
    this.#options.onChange();
  }
}
