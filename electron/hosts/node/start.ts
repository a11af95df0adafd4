/** `npm start`: Electron where it can be had, else this host with a browser window, else its address. */
import { spawn } from 'node:child_process';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { ProblemCode } from '../../contract/index.ts';
import { PROBLEMS, VantageError } from '../../contract/index.ts';
import { asDiskProblem } from '../../core/vault/disk-problem.ts';
import { buildId } from '../../services/build-id.ts';
import { clinicDirectory, modeOf, modeOfFolder, rootDirectory } from '../../services/directories.ts';
import type { StationMode } from '../../services/directories.ts';
import { workflowSettings } from '../../services/workflow-settings.ts';
import { sourceEntries, sourceModelsDirectory } from '../../services/entries.ts';
import type { StationState } from '../../services/supervisor.ts';
import type { Build } from './builds.ts';
import { DESKTOP, isFresh, runBuild, SCREENS } from './builds.ts';
import type { Machine, OpenedBrowser } from './browser.ts';
import { findBrowser, hasDisplay, openBrowser } from './browser.ts';
import { findElectron } from './electron-binary.ts';
import type { NodeHost } from './host.ts';
import { startNodeHost } from './host.ts';
import { openLogFile } from './log-file.ts';
import { askPassphrase, isNewClinic, nodeKeys } from './master-key.ts';

const HELP = `Starts the workstation. Without a clinic on this computer it is the demonstration, with simulated devices.

  --clinic             set up, or open, this computer's clinic (asks for its passphrase)
  --demonstration      the demonstration, also where this computer has a clinic
  --data DIR           the clinic that lies in this folder, such as a restored one, instead of this computer's
  --passphrase-fd N    read the passphrase from file descriptor N instead of the terminal; npm hands on only
                       standard input: --passphrase-fd 0
  --port N             listen on this port of 127.0.0.1 instead of any free one
  --no-electron        use a browser even where Electron is there
  --no-browser         open no window, print the addresses only
  --help`;

const root = fileURLToPath(new URL('../../..', import.meta.url));
const machine: Machine = {
  environment: process.env,
  platform: process.platform,
  isRoot: process.getuid?.() === 0,
};

interface StartArguments {
  readonly mode: StationMode;
  readonly directory: string;
  /** The folder was named by the person. */
  readonly isNamed: boolean;
  readonly passphraseDescriptor: number | null;
  readonly port: number;
  readonly mayUseElectron: boolean;
  readonly mayOpenBrowser: boolean;
}

async function start(): Promise<number> {
  try {
    const given = readArguments();
    if (given === null) {
      console.log(HELP);
      return 0;
    }
    console.log(`Clinic:   ${given.directory}`);
    if (!hasDisplay(machine)) console.log('No display is used here, so no window opens: the addresses follow.');
    else if (given.mayUseElectron) {
      const code = await runElectron(given);
      if (code !== null) return code;
    }
    return await runNodeHost(given);
  } catch (error) {
    tell(error);
    return 1;
  }
}

/** @returns null for --help. @throws on an unknown or unusable option. */
function readArguments(): StartArguments | null {
  const { values } = parseArgs({
    allowNegative: true,
    options: {
      clinic: { type: 'boolean', default: false },
      demonstration: { type: 'boolean', default: false },
      data: { type: 'string' },
      'passphrase-fd': { type: 'string' },
      port: { type: 'string', default: '0' },
      electron: { type: 'boolean', default: true },
      browser: { type: 'boolean', default: true },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const rootOfData = rootDirectory({ environment: process.env, platform: process.platform, home: homedir() });
  if (values.clinic && values.demonstration) throw new Error('either --clinic or --demonstration');
  const asked = values.clinic ? 'clinic' : values.demonstration ? 'demonstration' : null;
  const named = values.data === undefined ? null : resolve(values.data);
  const mode = named === null ? (asked ?? modeOf(rootOfData)) : modeOfFolder(named, asked);
  const descriptor = values['passphrase-fd'];
  return {
    mode,
    directory: named ?? clinicDirectory(rootOfData, mode),
    isNamed: named !== null,
    passphraseDescriptor: descriptor === undefined ? null : wholeNumber('--passphrase-fd', descriptor, 1024),
    port: wholeNumber('--port', values.port, 65_535),
    mayUseElectron: values.electron,
    mayOpenBrowser: values.browser,
  };
}

function wholeNumber(name: string, text: string, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > most) throw new Error(`${name} needs a number up to ${most}`);
  return value;
}

/** @returns Electron's exit code, or null when it is not to be had. */
async function runElectron({ mode, directory, isNamed }: StartArguments): Promise<number | null> {
  const search = await findElectron({
    root,
    environment: process.env,
    onFetch: () => console.log('Fetching Electron, once; this takes a minute at most.'),
  });
  if (search.kind === 'missing') return withoutElectron(search.reason);
  await bringUpToDate(DESKTOP);
  const child = spawn(
    search.path,
    [join(root, 'dist', 'desktop', 'main.js'), `--${mode}`, ...(isNamed ? [`--data=${directory}`] : [])],
    { stdio: 'inherit' },
  );
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => {
    child.on('error', (error) => resolve(withoutElectron(error.message)));
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

function withoutElectron(reason: string): null {
  console.log(`Electron is not used: ${reason}. A browser window takes its place.`);
  return null;
}

async function bringUpToDate(build: Build): Promise<void> {
  if (isFresh(root, build)) return;
  console.log(`Building the ${build.name}, once; this takes a moment.`);
  await runBuild(root, build);
}

/** Runs until the station is told to stop. */
async function runNodeHost(given: StartArguments): Promise<number> {
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => ask());

  const passphrase =
    given.mode === 'clinic'
      ? await askPassphrase(given.passphraseDescriptor, isNewClinic(given.directory) ? 'station' : 'open')
      : '';
  await bringUpToDate(SCREENS);
  const windows: OpenedBrowser[] = [];
  const { promise: started, resolve: tellStarted } = Promise.withResolvers<NodeHost>();
  const host = await startNodeHost({
    environment: process.env,
    rendererDirectory: join(root, 'dist', 'renderer'),
    port: given.port,
    buildId: buildId(),
    entries: sourceEntries(),
    clinic: { directory: given.directory, mode: given.mode },
    keys: nodeKeys({ directory: given.directory, mode: given.mode }, passphrase),
    modelsDirectory: sourceModelsDirectory(),
    hasWorkflows: workflowSettings(process.env) !== null,
    log: openLogFile(join(given.directory, 'station.log')),
    // May come while this one is still starting.
    onSecondStart: () => void started.then((running) => openWindow(running, given, windows)),
  });
  tellStarted(host);
  if (given.mode === 'demonstration') console.log('Demonstration clinic: simulated devices, invented people.');
  console.log(`Staff:    ${host.staffUrl}`);
  console.log(`Check-in: ${host.checkinUrl}`);
  try {
    // The window may come first: its page waits for the station and says what it is doing.
    openWindow(host, given, windows);
    tellState(await Promise.race([host.startStation(), asked.then(() => null)]));
    host.supervisor.onState(tellState);
    await asked;
  } finally {
    for (const window of windows) window.close();
    await host.stop();
  }
  return 0;
}

function openWindow(host: NodeHost, given: StartArguments, windows: OpenedBrowser[]): void {
  if (!given.mayOpenBrowser || !hasDisplay(machine)) return;
  const browser = findBrowser(machine);
  if (browser === null) {
    console.log('No Chromium, Chrome or Edge was found: open the staff address in a browser.');
    return;
  }
  windows.push(
    openBrowser(browser, host.oneTimeUrl('staff'), join(given.directory, 'browser'), machine, (reason) =>
      console.log(`The window could not be opened (${reason}): open the staff address in a browser.`),
    ),
  );
}

let toldPhase: StationState['phase'] | null = null;
function tellState(state: StationState | null): void {
  if (state === null || state.phase === toldPhase) return;
  toldPhase = state.phase;
  if (state.phase === 'ready') console.log('The station is open. Ctrl-C closes it.');
  if (state.phase === 'failed' && state.problem !== null) tellProblem(state.problem.code, state.problem.detail);
}

const DISK_ERRORS: ReadonlySet<unknown> = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'EACCES', 'EPERM']);

function tell(error: unknown): void {
  const problem =
    error instanceof Error && 'code' in error && DISK_ERRORS.has(error.code) ? asDiskProblem(error) : error;
  if (problem instanceof VantageError) tellProblem(problem.code, problem.detail);
  else if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE') {
    console.error('The port is taken by another program. Start with another --port, or without one.');
  } else console.error(error instanceof Error ? error.message : String(error));
}

function tellProblem(code: ProblemCode, detail: string): void {
  const { happened, safe, todo, action } = PROBLEMS[code];
  console.error(`${code}: ${happened} ${safe}\n${todo} [${action}]${detail === '' ? '' : `\n(${detail})`}`);
}

process.exitCode = await start();
