/** Services as Electron utility processes: a clean environment, piped output, and an end that is always noticed once. */
import { createInterface } from 'node:readline';
import type { App, MessageChannelMain, MessagePortMain, UtilityProcess, utilityProcess } from 'electron';
import { adaptMessagePort } from '../../services/parent-channel.ts';
import type { LaunchOptions, ServiceExit, ServiceLauncher, ServiceProcess } from '../../services/service-process.ts';
import { childEnvironment } from '../../services/service-process.ts';

/** The part of Electron that is used; a test can stand in for it. */
export interface UtilityElectron {
  readonly app: Pick<App, 'on' | 'off'>;
  readonly utilityProcess: Pick<typeof utilityProcess, 'fork'>;
  readonly MessageChannelMain: new () => Pick<MessageChannelMain, 'port1' | 'port2'>;
}

const LONGEST_LINE = 4000;
/** `child-process-gone` without `exit`: how long the other signal is waited for. */
const SECOND_SIGNAL_MS = 1000;

/** @param environment the host's own; children get the allow-listed part. */
export function createUtilityLauncher(
  electron: UtilityElectron,
  environment: Readonly<Record<string, string | undefined>>,
): ServiceLauncher<MessagePortMain> {
  let runs = 0;
  return {
    // The run's number makes the name unique over restarts too: a late word about the last run is never taken for the next.
    launch: (options) => launchUtility(electron, options, `${options.name}-${++runs}`, childEnvironment(environment)),
    makeChannel: () => {
      const { port1, port2 } = new electron.MessageChannelMain();
      return [port1, port2];
    },
    open: adaptMessagePort,
  };
}

function launchUtility(
  electron: UtilityElectron,
  options: LaunchOptions,
  serviceName: string,
  env: Record<string, string>,
): ServiceProcess<MessagePortMain> {
  let child: UtilityProcess;
  try {
    child = electron.utilityProcess.fork(options.entry, [], { serviceName, env, stdio: 'pipe' });
  } catch (error) {
    return neverStarted(options.name, error instanceof Error ? error.message : String(error));
  }
  let over = false;
  let shouldDie = false;
  const kill = (): void => {
    shouldDie = true;
    const { pid } = child;
    if (over || pid === undefined) return;
    // Asked first, so that Electron reaps it; then made to, since native code may hold its only thread.
    child.kill();
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It went on its own between the two lines.
    }
  };
  child.once('spawn', () => {
    if (shouldDie) kill();
  });

  let onLine: (line: string, stream: 'stdout' | 'stderr') => void = ignoreLine;
  for (const stream of ['stdout', 'stderr'] as const) {
    const source = child[stream];
    if (source !== null) {
      createInterface({ input: source }).on('line', (line) => onLine(line.slice(0, LONGEST_LINE), stream));
    }
  }

  const exited = exitOf(electron, child, serviceName).then((exit) => {
    over = true;
    return exit;
  });
  return {
    name: options.name,
    get pid() {
      return child.pid;
    },
    exited,
    postMessage: (message, ports = []) => {
      if (over) for (const port of ports) port.close();
      else child.postMessage(message, [...ports]);
    },
    onMessage: (listener) => {
      child.on('message', listener);
    },
    onOutput: (listener) => {
      onLine = listener;
    },
    kill,
  };
}

/**
 * Electron says an end twice, in either order and sometimes only once: `exit` on the child, `child-process-gone` on the app with the
 * reason. What follows runs outside both handlers: a `postMessage` inside them has crashed the main process (electron#53923).
 */
function exitOf(electron: UtilityElectron, child: UtilityProcess, serviceName: string): Promise<ServiceExit> {
  const { promise, resolve } = Promise.withResolvers<ServiceExit>();
  let reason: string | null = null;
  const settle = (exit: ServiceExit): void => {
    electron.app.off('child-process-gone', onGone);
    setImmediate(() => resolve(exit));
  };
  const onGone = (
    _event: unknown,
    details: { readonly name?: string; readonly reason: string; readonly exitCode: number },
  ): void => {
    if (details.name !== serviceName) return;
    const { exitCode: code } = details;
    reason = details.reason;
    setTimeout(() => settle({ code, signal: null, reason: details.reason }), SECOND_SIGNAL_MS).unref();
  };
  electron.app.on('child-process-gone', onGone);
  child.once('exit', (code) => settle({ code, signal: null, reason: reason ?? `exit ${code}` }));
  return promise;
}

function ignoreLine(): void {}

/** `launch` never throws: a failure to start is an exit. */
function neverStarted(name: string, reason: string): ServiceProcess<MessagePortMain> {
  return {
    name,
    pid: undefined,
    exited: Promise.resolve({ code: null, signal: null, reason }),
    postMessage: (_message, ports = []) => {
      for (const port of ports) port.close();
    },
    onMessage: () => undefined,
    onOutput: () => undefined,
    kill: () => undefined,
  };
}
