/**
 * `npm run temporal:up|down|ui|logs|cli`: a Temporal development server on this machine.
 *
 *   up     starts one, unless it runs, and says how it is reached; where its program can't be had, how to get one
 *   down   stops it; what it knows stays in its folder
 *   ui     where its page is (TEMPORAL_WEB_URL, where that is set)
 *   logs   its last lines (--lines N); --follow goes on with them
 *   cli    Temporal's own command line program with this configuration: npm run temporal:cli -- workflow list
 *
 *   --folder DIR   where its data lie (.vantage/temporal)
 *   --port N       where it listens (7233; 0: any free one); --ui-port N its page (8233)
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { temporalVariablesOf } from '../client/temporal-config.ts';
import { temporalProgram } from './binary.ts';
import { lastLines, logOf, runningIn, startDevelopment, stopDevelopment } from './development.ts';

const FOLDER = join('.vantage', 'temporal');
const LOOK_MS = 500;
const LINES = 50;
const HOW_TO_GET_ONE = `A development server is one program. Get it in one of these ways, and start again:
  download it from https://temporal.download/cli for this machine, and set TEMPORAL_CLI to its path
  brew install temporal
  install Go 1.25 or later: it is then built from the Go module proxy
Or use a Temporal service that runs elsewhere: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE (.env.example).`;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** @returns the exit code */
async function main(): Promise<number> {
  const [name, ...rest] = process.argv.slice(2);
  // Its arguments are not ours.
  if (name === 'cli') return cli(rest);
  const { values } = parseArgs({
    args: rest,
    options: {
      folder: { type: 'string', default: FOLDER },
      port: { type: 'string', default: '7233' },
      'ui-port': { type: 'string', default: '8233' },
      lines: { type: 'string', default: String(LINES) },
      follow: { type: 'boolean', default: false },
    },
  });
  const folder = resolve(values.folder);
  switch (name) {
    case 'up':
      return up(folder, portOf(values.port), portOf(values['ui-port']));
    case 'down':
      say((await stopDevelopment(folder)) ? 'stopped; what it knows stays in its folder' : 'none runs');
      return 0;
    case 'ui':
      return ui(folder);
    case 'logs':
      return logs(folder, Number(values.lines) || LINES, values.follow);
    default:
      process.stderr.write('up, down, ui, logs or cli\n');
      return 2;
  }
}

async function up(folder: string, port: number, uiPort: number): Promise<number> {
  const wasThere = runningIn(folder) !== null;
  let program: string;
  try {
    program = await temporalProgram({ environment: process.env, say });
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${HOW_TO_GET_ONE}\n`);
    return 2;
  }
  const namespace = process.env['TEMPORAL_NAMESPACE'] || 'default';
  const running = await startDevelopment({ folder, program, port, uiPort, namespace });
  say(
    `${wasThere ? 'runs already' : 'runs'}: TEMPORAL_ADDRESS=${running.address} TEMPORAL_NAMESPACE=${running.namespace}`,
  );
  say(`page ${running.webUrl}, data and log in ${folder}; npm run temporal:down stops it`);
  return 0;
}

function ui(folder: string): number {
  const url = process.env['TEMPORAL_WEB_URL'] || runningIn(folder)?.webUrl;
  if (url === undefined) {
    process.stderr.write('no server runs here: npm run temporal:up, or set TEMPORAL_WEB_URL\n');
    return 2;
  }
  say(url);
  return 0;
}

async function logs(folder: string, lines: number, isFollowed: boolean): Promise<number> {
  if (!existsSync(logOf(folder))) {
    process.stderr.write('no server has run here: npm run temporal:up\n');
    return 2;
  }
  say(lastLines(folder, lines));
  if (!isFollowed) return 0;
  const file = logOf(folder);
  for (let read = statSync(file).size; ;) {
    const { size } = statSync(file);
    if (size > read) {
      for await (const chunk of createReadStream(file, { start: read, end: size - 1 }))
        process.stdout.write(chunk as Buffer);
    }
    read = size;
    await pause(LOOK_MS);
  }
}

async function cli(args: readonly string[]): Promise<number> {
  const program = await temporalProgram({ environment: process.env, say });
  const running = runningIn(resolve(FOLDER));
  const child = spawn(program, [...args], {
    stdio: 'inherit',
    env: {
      ...(running !== null && { TEMPORAL_ADDRESS: running.address, TEMPORAL_NAMESPACE: running.namespace }),
      ...temporalVariablesOf(process.env),
    },
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

function portOf(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error('a port is a number up to 65535');
  return port;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
