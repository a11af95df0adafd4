/** Electron's main process: windows, policies and supervision. Everything of the clinic is in the services. */
import { join } from 'node:path';
import { app, crashReporter, dialog, Menu, MessageChannelMain, protocol, safeStorage, utilityProcess } from 'electron';
import { PROBLEMS, VantageError } from '../../contract/index.ts';
import { buildId } from '../../services/build-id.ts';
import { clinicDirectory, modeOf, modeOfFolder, rootDirectory } from '../../services/directories.ts';
import { serviceLog } from '../../services/service-log.ts';
import { workflowSettings } from '../../services/workflow-settings.ts';
import { createSupervisor } from '../../services/supervisor.ts';
import { lockInstance } from '../node/instance-lock.ts';
import { purgeCrashReports } from './crash-reports.ts';
import { desktopKeys } from './key-store.ts';
import { BUNDLE_SCHEME } from './policies/navigation.ts';
import { resourcesAt } from './resources.ts';
import { Screens } from './screens.ts';
import { parseStartOptions } from './start-options.ts';
import { createUtilityLauncher } from './utility-service-process.ts';

const log = serviceLog('main');
let exitCode = 0;
const options = parseStartOptions(process.argv.slice(app.isPackaged ? 1 : 2));
const { env: environment, platform } = process;
const root = rootDirectory({ environment, platform, home: app.getPath('home') });

app.enableSandbox();
// The lock of a single instance is this folder's: one window for each station's data.
app.setPath('userData', options.data === null || isRefused(options.data) ? root : join(options.data, 'desktop'));
// Kept here, never sent: a dump holds what was in memory.
crashReporter.start({ uploadToServer: false });
protocol.registerSchemesAsPrivileged([
  { scheme: BUNDLE_SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true } },
]);

if (app.requestSingleInstanceLock()) {
  app
    .whenReady()
    .then(run)
    .catch((error: unknown) => {
      log.error({ name: error instanceof Error ? error.name : typeof error }, 'not started');
      giveUp(
        error instanceof VantageError ? `${PROBLEMS[error.code].happened} ${PROBLEMS[error.code].todo}` : String(error),
      );
    });
} else {
  // The first one's window comes to the front; nothing of the clinic is touched by this one.
  log.warn({ code: 'SECOND_INSTANCE' }, 'this clinic is already open on this computer');
  app.quit();
}

/** Whether the folder is nobody's to write in; why, `run` says. */
function isRefused(directory: string): boolean {
  try {
    modeOfFolder(directory, options.mode);
    return false;
  } catch {
    return true;
  }
}

/** Where no window can show a problem: the system's own box, and out. */
function giveUp(reason: string): void {
  dialog.showErrorBox('Vantage Workstation', `It could not be started. Nothing was changed.\n\n${reason}`);
  exitCode = 1;
  // Runs `will-quit`, so that what was started is stopped.
  app.quit();
}

async function run(): Promise<void> {
  const developerTools = !app.isPackaged;
  if (!developerTools) Menu.setApplicationMenu(null);
  purgeCrashReports(app.getPath('crashDumps'), Date.now());

  const resources = resourcesAt(join(import.meta.dirname, '../..'));
  const mode = options.data === null ? (options.mode ?? modeOf(root)) : modeOfFolder(options.data, options.mode);
  const clinic = { directory: options.data ?? clinicDirectory(root, mode), mode };
  let screens: Screens | null = null;
  // Those that are no Electron (`npm start`, `npm run clinic`) know only of this lock.
  const lock = await lockInstance(clinic.directory, () => screens?.focus());
  const supervisor = createSupervisor({
    launcher: createUtilityLauncher({ app, utilityProcess, MessageChannelMain }, environment),
    buildId: buildId(),
    entries: resources.services,
    clinic,
    keys: desktopKeys(clinic, safeStorage),
    modelsDirectory: resources.models,
    // A package may be made without the worker, which is as large as all the rest.
    hasWorkflows: workflowSettings(environment) !== null && resources.hasStationWorker,
    log,
  });
  screens = new Screens({
    placement: {
      windowed: options.windowed ?? mode === 'demonstration',
      checkinOnOneDisplay: options.checkinOnOneDisplay,
    },
    resources,
    supervisor,
    buildId: buildId(),
    developerTools,
    log,
    onStaffClosed: () => app.quit(),
    onPageMissing: () => giveUp('This installation is not complete.'),
  });
  app.on('second-instance', () => screens?.focus());
  app.on('window-all-closed', () => app.quit());
  let stopping: Promise<void> | null = null;
  app.on('will-quit', (event) => {
    // Core finishes its writes first; the supervisor bounds that.
    event.preventDefault();
    stopping ??= supervisor.stop().then(() => lock.release());
    void stopping.finally(() => app.exit(exitCode));
  });
  void supervisor.start();
}
