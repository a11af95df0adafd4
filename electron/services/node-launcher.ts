/**
 * Services under plain Node: `child_process.fork`. Node cannot move a port into a child, so ports are numbered and their messages
 * relayed by the host over the child's one channel.
 */
import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { makeMemoryChannel } from './service-ports.ts';
import type { LaunchOptions, ServiceExit, ServiceLauncher, ServicePort, ServiceProcess } from './service-process.ts';
import { childEnvironment } from './service-process.ts';

/** What travels over the channel, both ways. Children never move ports to the host. */
export type Envelope =
  | { readonly kind: 'message'; readonly data: unknown; readonly ports: readonly number[] }
  | { readonly kind: 'port-message'; readonly port: number; readonly data: unknown }
  | { readonly kind: 'port-close'; readonly port: number };

const LONGEST_LINE = 4000;

/** Runs services as forked Node processes. */
export function createNodeLauncher(
  environment: Readonly<Record<string, string | undefined>>,
): ServiceLauncher<ServicePort> {
  return {
    launch: (options) => launchFork(options, childEnvironment(environment)),
    makeChannel: makeMemoryChannel,
    open: (port) => port,
  };
}

function launchFork(options: LaunchOptions, environment: Record<string, string>): ServiceProcess<ServicePort> {
  const child = fork(options.entry, [], {
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: environment,
    // Not the host's own arguments: no inspector, no loader is inherited.
    execArgv: [],
  });
  const ports = new Map<number, ServicePort>();
  let nextPort = 1;
  let over = false;

  const send = (envelope: Envelope): void => {
    if (over || !child.connected) return;
    // A failed send means that the child is going; its exit says so.
    child.send(envelope, () => undefined);
  };
  const adopt = (port: ServicePort): number => {
    const id = nextPort++;
    ports.set(id, port);
    return id;
  };
  const listenTo = (id: number, port: ServicePort): void => {
    port.addEventListener('message', (event) => send({ kind: 'port-message', port: id, data: event.data }));
    port.addEventListener('close', () => {
      if (ports.delete(id)) send({ kind: 'port-close', port: id });
    });
  };

  let onMessage: (message: unknown) => void = ignore;
  child.on('message', (raw) => {
    const envelope = raw as Envelope;
    switch (envelope.kind) {
      case 'message':
        onMessage(envelope.data);
        break;
      case 'port-message':
        ports.get(envelope.port)?.postMessage(envelope.data);
        break;
      case 'port-close': {
        const port = ports.get(envelope.port);
        ports.delete(envelope.port);
        port?.close();
        break;
      }
      default:
        envelope satisfies never;
    }
  });

  let onLine: (line: string, stream: 'stdout' | 'stderr') => void = ignore;
  readLines(child.stdout, (line) => onLine(line, 'stdout'));
  readLines(child.stderr, (line) => onLine(line, 'stderr'));

  const exited = exitOf(child).then((exit) => {
    over = true;
    const open = [...ports.values()];
    ports.clear();
    for (const port of open) port.close();
    return exit;
  });

  return {
    name: options.name,
    get pid() {
      return child.pid;
    },
    exited,
    postMessage: (message, moved = []) => {
      if (over || !child.connected) {
        for (const port of moved) port.close();
        return;
      }
      const ids = moved.map(adopt);
      send({ kind: 'message', data: message, ports: ids });
      moved.forEach((port, index) => listenTo(ids[index] ?? 0, port));
    },
    onMessage: (listener) => {
      onMessage = listener;
    },
    onOutput: (listener) => {
      onLine = listener;
    },
    kill: () => {
      child.kill('SIGKILL');
    },
  };
}

function ignore(): void {
  // nobody listens yet
}

/** `exit` where the process ran, `error` where it never did. */
function exitOf(child: ChildProcess): Promise<ServiceExit> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal, reason: signal ?? `exit ${code}` }));
    child.once('error', (error) => {
      if (child.pid === undefined) resolve({ code: null, signal: null, reason: error.message });
    });
  });
}

function readLines(stream: Readable | null, onLine: (line: string) => void): void {
  if (stream === null) return;
  createInterface({ input: stream }).on('line', (line) => onLine(line.slice(0, LONGEST_LINE)));
}
