/** The host's side of one run of a service: handshake, requests with an answer, ports, an end in bounded time. */
import { VantageError } from '../contract/index.ts';
import type { Failure, FromService, ToService } from './control.ts';
import { errorOf, failureOf } from './control.ts';
import type { LaunchOptions, ServiceExit, ServiceLauncher, ServiceProcess } from './service-process.ts';

export interface StartOptions extends LaunchOptions {
  readonly buildId: string;
  /** Given to the service's `onInit`. Secrets too: it is a private channel. */
  readonly init: unknown;
  /** From launch to `ready`. */
  readonly readyLimitMs: number;
  readonly requestLimitMs: number;
  readonly stopLimitMs: number;
  /** Asked this often whether it is alive; killed after {@link SILENT_BEATS} without an answer. Null: may block its thread. */
  readonly heartbeatMs: number | null;
  readonly onOutput: (line: string, stream: 'stdout' | 'stderr') => void;
  /** What the service asks of its host. Left out where it asks nothing. @throws VantageError to refuse */
  readonly onAsk?: (message: unknown) => Promise<void>;
}

/** Counted in beats, not in time, so that a computer that slept does not look like a service that hangs. */
const SILENT_BEATS = 4;

export interface ServiceHandle<Port> {
  readonly name: string;
  readonly pid: number | undefined;
  /**
   * What `onInit` returned. Rejects with the service's own problem (its process ends), with BUILD_MISMATCH, or, when it ended or was
   * silent, with PROCESS_STOPPED.
   */
  readonly ready: Promise<unknown>;
  readonly exited: Promise<ServiceExit>;
  /** Moves `port` there; closed when the service is not there. */
  give(port: Port, label: string, detail?: unknown): void;
  /** @throws VantageError the service's refusal; PROCESS_STOPPED when it ended or did not answer in time. */
  request(message: unknown): Promise<unknown>;
  /** Asks it to finish, then kills it. Resolves when it is gone. */
  stop(): Promise<void>;
  kill(): void;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: VantageError) => void;
}

/** Launches a service and shakes hands with it. */
export function startService<Port>(launcher: ServiceLauncher<Port>, options: StartOptions): ServiceHandle<Port> {
  const child = launcher.launch(options);
  child.onOutput(options.onOutput);
  const send = (message: ToService, ports?: readonly Port[]): void => child.postMessage(message, ports);
  const waiting = new Map<number, Waiting>();
  let nextRequest = 1;
  let over = false;

  const { promise: ready, resolve: resolveReady, reject: rejectReady } = Promise.withResolvers<unknown>();
  // Whoever does not wait for it must not be ended by it.
  ready.catch(() => undefined);
  const readyLimit = setTimeout(() => {
    rejectReady(new VantageError('PROCESS_STOPPED', `${options.name} was not ready within ${options.readyLimitMs} ms`));
    child.kill();
  }, options.readyLimitMs);

  let heartbeat: NodeJS.Timeout | undefined;
  let unansweredBeats = 0;
  const beat = (): void => {
    unansweredBeats += 1;
    if (unansweredBeats > SILENT_BEATS) child.kill();
    else send({ type: 'ping' });
  };

  const answer = async (id: number, message: unknown): Promise<void> => {
    let failure: Failure | null = null;
    try {
      if (options.onAsk === undefined) throw new VantageError('INTERNAL', 'nothing can be asked here');
      await options.onAsk(message);
    } catch (error) {
      failure = failureOf(error);
    }
    if (!over) send({ type: 'answer', id, failure });
  };

  child.onMessage((raw) => {
    const message = raw as FromService;
    switch (message.type) {
      case 'hello':
        if (message.buildId === options.buildId) {
          send({ type: 'init', buildId: options.buildId, init: options.init });
        } else {
          rejectReady(
            new VantageError('BUILD_MISMATCH', `${options.name} is ${message.buildId}, host is ${options.buildId}`),
          );
          child.kill();
        }
        break;
      case 'ready':
        resolveReady(message.result);
        clearTimeout(readyLimit);
        if (options.heartbeatMs !== null) heartbeat = setInterval(beat, options.heartbeatMs);
        break;
      case 'pong':
        unansweredBeats = 0;
        break;
      case 'failed':
        rejectReady(errorOf(message.failure));
        break;
      case 'ask':
        void answer(message.id, message.message);
        break;
      case 'reply':
        waiting.get(message.id)?.resolve(message.value);
        waiting.delete(message.id);
        break;
      case 'refusal':
        waiting.get(message.id)?.reject(errorOf(message.failure));
        waiting.delete(message.id);
        break;
      default:
        message satisfies never;
    }
  });
  const exited = child.exited.then((exit) => {
    over = true;
    clearTimeout(readyLimit);
    clearInterval(heartbeat);
    const stopped = new VantageError('PROCESS_STOPPED', `${options.name}: ${exit.reason}`);
    rejectReady(stopped);
    for (const { reject } of waiting.values()) reject(stopped);
    waiting.clear();
    return exit;
  });

  return {
    name: options.name,
    get pid() {
      return child.pid;
    },
    ready,
    exited,
    give: (port, label, detail) => {
      if (over) launcher.open(port).close();
      else send({ type: 'port', label, detail }, [port]);
    },
    request: (message) => {
      if (over) return Promise.reject(new VantageError('PROCESS_STOPPED', options.name));
      const id = nextRequest++;
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      const limit = setTimeout(() => {
        waiting.delete(id);
        reject(new VantageError('PROCESS_STOPPED', `${options.name} did not answer`));
      }, options.requestLimitMs);
      waiting.set(id, { resolve, reject });
      send({ type: 'request', id, message });
      return promise.finally(() => clearTimeout(limit));
    },
    stop: () => stopWithin(child, options.stopLimitMs, () => send({ type: 'stop' })),
    kill: () => child.kill(),
  };
}

async function stopWithin<Port>(child: ServiceProcess<Port>, limitMs: number, ask: () => void): Promise<void> {
  ask();
  const kill = setTimeout(() => child.kill(), limitMs);
  await child.exited;
  clearTimeout(kill);
}

/** One end to each: `a` gets it labelled `labelA`, `b` labelled `labelB`. */
export function connectServices<Port>(
  launcher: ServiceLauncher<Port>,
  a: ServiceHandle<Port>,
  labelA: string,
  b: ServiceHandle<Port>,
  labelB: string,
): void {
  const [one, two] = launcher.makeChannel();
  a.give(one, labelA);
  b.give(two, labelB);
}
