/** A Temporal development server of this machine's own, with the search attributes that the workflows need. */
import { spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../../electron/contract/workflows.ts';
import { freePort } from '../database/free-port.ts';

/** A first start makes a database; a busy machine takes its time. */
const START_MS = 60_000;
const STOP_MS = 10_000;
/** Until it is asked again whether it answers. */
const ASK_MS = 100;
const KEPT_LINES = 40;

export interface ServerOptions {
  /** Path of the program (`binary.ts`). */
  readonly program: string;
  /** SQLite file that outlives the server; left out, everything is in memory. */
  readonly databaseFile?: string;
  /** Left out: any free one. */
  readonly port?: number;
  readonly namespace?: string;
  /** Path under which its page is served, at a port of its own; left out, it has none. */
  readonly pagePath?: string;
}

export interface TemporalServer {
  /** `HOST:PORT`. */
  readonly address: string;
  readonly namespace: string;
  readonly port: number;
  /** Origin of its page; null: it has none. */
  readonly pageUrl: string | null;
  /** Ends it as a power cut would. With a database file it can be started again with the same port. */
  readonly kill: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Starts one and waits until it answers. @throws Error with the server's last words */
export async function startTemporal(options: ServerOptions): Promise<TemporalServer> {
  const namespace = options.namespace ?? 'default';
  const port = options.port ?? (await freePort());
  const address = `127.0.0.1:${port}`;
  const uiPort = options.pagePath === undefined ? undefined : await freePort();
  const args = serverArguments({
    namespace,
    port,
    httpPort: await freePort(),
    metricsPort: await freePort(),
    uiPort,
    uiPath: options.pagePath,
    databaseFile: options.databaseFile,
  });
  const child = spawn(options.program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      said.push(chunk.toString().trim());
      if (said.length > KEPT_LINES) said.shift();
    });
  }
  let ended = false;
  const end = new Promise<void>((resolve) => {
    const done = (): void => {
      ended = true;
      resolve();
    };
    child.once('error', (error) => {
      said.push(error.message);
      done();
    });
    child.once('close', done);
  });
  const finish = async (signal: NodeJS.Signals): Promise<void> => {
    if (!ended) child.kill(signal);
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await end;
    clearTimeout(late);
  };
  // Whoever ends without stopping it leaves none behind.
  const onExit = (): void => void child.kill('SIGKILL');
  process.once('exit', onExit);
  void end.then(() => process.removeListener('exit', onExit));

  const deadline = Date.now() + START_MS;
  while (!(await answers(address, namespace))) {
    if (ended || Date.now() > deadline) {
      await finish('SIGKILL');
      throw new Error(`Temporal's development server did not start: ${said.join('\n')}`);
    }
    await pause(ASK_MS);
  }
  return {
    address,
    namespace,
    port,
    pageUrl: uiPort === undefined ? null : `http://127.0.0.1:${uiPort}`,
    kill: async () => finish('SIGKILL'),
    stop: async () => finish('SIGTERM'),
  };
}

export interface ServerPorts {
  readonly namespace: string;
  readonly port: number;
  readonly httpPort: number;
  readonly metricsPort: number;
  /** Of its page; left out, it has none. */
  readonly uiPort?: number | undefined;
  /** Under which its page is served; left out, `/`. */
  readonly uiPath?: string | undefined;
  readonly databaseFile?: string | undefined;
}

/** The arguments of the program that make such a server. It listens on this machine only. */
export function serverArguments({
  namespace,
  port,
  httpPort,
  metricsPort,
  uiPort,
  uiPath,
  databaseFile,
}: ServerPorts): string[] {
  const args = ['server', 'start-dev', '--log-level', 'error', '--namespace', namespace];
  args.push('--ip', '127.0.0.1', '--port', String(port));
  args.push('--http-port', String(httpPort), '--metrics-port', String(metricsPort));
  args.push(...(uiPort === undefined ? ['--headless'] : ['--ui-ip', '127.0.0.1', '--ui-port', String(uiPort)]));
  if (uiPath !== undefined) args.push('--ui-public-path', uiPath);
  if (databaseFile !== undefined) args.push('--db-filename', databaseFile);
  for (const [name, type] of Object.entries(SEARCH_ATTRIBUTES)) {
    args.push('--search-attribute', `${name}=${TYPE_NAMES[type]}`);
  }
  return args;
}

const TYPE_NAMES = { KEYWORD: 'Keyword', INT: 'Int' } as const;

/** Whether the server answers, the namespace is there and a list by one of our search attributes is understood. */
export async function answers(address: string, namespace: string): Promise<boolean> {
  const connection = Connection.lazy({ address });
  try {
    await connection.withDeadline(Date.now() + 1000, async () =>
      connection.workflowService.listWorkflowExecutions({ namespace, pageSize: 1, query: "SessionStatus = 'REVIEW'" }),
    );
    return true;
  } catch {
    return false;
  } finally {
    await connection.close();
  }
}
