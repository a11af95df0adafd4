/** The frame of every service process: handshake, ports, requests, and an end that leaves nothing behind. */
import { VantageError } from '../contract/index.ts';
import { buildId } from './build-id.ts';
import type { FromService, ToService } from './control.ts';
import { errorOf, failureOf } from './control.ts';
import { parentChannel } from './parent-channel.ts';
import type { ServicePort } from './service-process.ts';

/** The host, as a service sees it. */
export interface ServiceHost {
  /** Resolves when the host has done it. @throws VantageError the host's refusal */
  ask(message: unknown): Promise<void>;
}

export interface ServiceDefinition {
  readonly name: string;
  /** Builds everything. What it returns goes to the host. @throws VantageError when it cannot begin (the host shows it). */
  onInit(init: unknown, host: ServiceHost): Promise<unknown>;
  /**
   * A port to another process or to a screen; `label` says to what. May come before `onInit` is done (a service may need the other
   * process to begin); what comes through it waits until somebody listens.
   */
  onPort(label: string, detail: unknown, port: ServicePort): void;
  /** A request of the host. @throws VantageError to refuse. */
  onRequest?(message: unknown): Promise<unknown>;
  /** Finish and close. Bounded: the process ends after {@link STOP_LIMIT_MS} whatever happens. */
  onStop?(): Promise<void>;
}

const STOP_LIMIT_MS = 5000;
/** Distinct, so that the log tells a refusal from a crash. */
const EXIT_FAILED = 70;
const EXIT_BUILD_MISMATCH = 71;
const EXIT_UNHANDLED = 72;

/** Runs this process as a service until the host ends it or goes away. */
export function runService(definition: ServiceDefinition, ownBuildId = buildId()): void {
  const channel = parentChannel();
  const send = (message: FromService): void => channel.postMessage(message);
  let initialised = false;
  let stopping = false;

  // Electron keeps a utility process alive after an unhandled rejection: end it, its state can't be trusted.
  const die = (error: unknown): void => {
    process.stderr.write(`${definition.name} ends itself: ${whereOf(error)}\n`);
    process.exit(EXIT_UNHANDLED);
  };
  process.on('unhandledRejection', die);
  process.on('uncaughtException', die);

  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    const limit = setTimeout(() => process.exit(1), STOP_LIMIT_MS);
    try {
      if (initialised) await definition.onStop?.();
    } finally {
      clearTimeout(limit);
      process.exit(0);
    }
  };
  channel.onGone(() => void stop());
  // The terminal's Ctrl-C goes to the whole group, but the host stops its services itself, in order.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => void stop());

  const asked = new Map<number, { readonly resolve: () => void; readonly reject: (error: VantageError) => void }>();
  let nextAsk = 1;
  const host: ServiceHost = {
    ask: (message) =>
      new Promise((resolve, reject) => {
        const id = nextAsk++;
        asked.set(id, { resolve, reject });
        send({ type: 'ask', id, message });
      }),
  };

  const initialise = async (message: ToService & { type: 'init' }): Promise<void> => {
    try {
      if (message.buildId !== ownBuildId) {
        throw new VantageError('BUILD_MISMATCH', `${definition.name} is ${ownBuildId}, host is ${message.buildId}`);
      }
      const result = await definition.onInit(message.init, host);
      initialised = true;
      send({ type: 'ready', result });
    } catch (error) {
      if (!(error instanceof VantageError)) return die(error);
      send({ type: 'failed', failure: failureOf(error) });
      // The message must leave before the process does; the host kills it if this is not enough.
      setTimeout(() => process.exit(error.code === 'BUILD_MISMATCH' ? EXIT_BUILD_MISMATCH : EXIT_FAILED), 200);
    }
  };
  const answer = async (id: number, request: unknown): Promise<void> => {
    try {
      if (definition.onRequest === undefined) throw new VantageError('INTERNAL', 'no requests are known here');
      send({ type: 'reply', id, value: await definition.onRequest(request) });
    } catch (error) {
      send({ type: 'refusal', id, failure: failureOf(error) });
    }
  };

  channel.listen((raw, ports) => {
    const message = raw as ToService;
    switch (message.type) {
      case 'init':
        void initialise(message);
        break;
      case 'port': {
        const [port] = ports;
        if (port !== undefined) definition.onPort(message.label, message.detail, port);
        break;
      }
      case 'request':
        void answer(message.id, message.message);
        break;
      case 'answer': {
        const waiting = asked.get(message.id);
        asked.delete(message.id);
        if (message.failure === null) waiting?.resolve();
        else waiting?.reject(errorOf(message.failure));
        break;
      }
      case 'ping':
        send({ type: 'pong' });
        break;
      case 'stop':
        void stop();
        break;
      default:
        message satisfies never;
    }
  });
  send({ type: 'hello', name: definition.name, buildId: ownBuildId });
}

/** The class and the places, not the message: a message may quote what somebody entered. */
function whereOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const frames = (error.stack ?? '').split('\n').filter((line) => line.startsWith('    at '));
  const code = error instanceof VantageError ? ` ${error.code}` : '';
  return [`${error.name}${code}`, ...frames].join('\n');
}
