/** The Node host: the station's processes behind HTTP and WebSocket on the loopback address. */
import type { Log } from '../../core/clinic-api.ts';
import type { Surface } from '../../contract/index.ts';
import { createNodeLauncher } from '../../services/node-launcher.ts';
import type { ServicePort } from '../../services/service-process.ts';
import type { StationState, Supervisor, SupervisorOptions } from '../../services/supervisor.ts';
import { createSupervisor } from '../../services/supervisor.ts';
import { lockInstance } from './instance-lock.ts';
import { startServer } from './server.ts';
import { Sessions } from './sessions.ts';

export interface NodeHostOptions extends Omit<SupervisorOptions<ServicePort>, 'launcher'> {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly rendererDirectory: string;
  /** 0 = any free one. */
  readonly port: number;
  readonly log: Log;
  /** Somebody started the same station again. */
  readonly onSecondStart?: () => void;
  readonly mostBufferedBytes?: number;
}

export interface NodeHost {
  /** `http://127.0.0.1:PORT/?t=TOKEN`, good as long as the station runs. */
  readonly staffUrl: string;
  /** The same for a check-in screen; its token opens nothing else. */
  readonly checkinUrl: string;
  /** One that works once and for a minute: for a browser's command line, which other users of the computer can read. */
  oneTimeUrl(surface: Surface): string;
  readonly supervisor: Supervisor<ServicePort>;
  /** Starts the processes; the pages are served from before. Resolves when core is open or known not to open. */
  startStation(): Promise<StationState>;
  /** In bounded time; nothing is left running. */
  stop(): Promise<void>;
}

const ONE_TIME_MS = 60_000;

/**
 * Takes the directory and starts serving pages. A station that can't open is no failure of this: its pages say why.
 * @throws VantageError SECOND_INSTANCE; the socket's error when `port` is taken.
 */
export async function startNodeHost(options: NodeHostOptions): Promise<NodeHost> {
  const lock = await lockInstance(options.clinic.directory, () => options.onSecondStart?.());
  const launcher = createNodeLauncher(options.environment);
  const supervisor = createSupervisor({ ...options, launcher });
  const sessions = new Sessions();
  const server = await startServer({ ...options, launcher, supervisor, sessions }).catch(async (error: unknown) => {
    await lock.release();
    throw error;
  });
  const urlWith = (surface: Surface, token: string): string =>
    `${server.origin}${surface === 'staff' ? '/' : '/checkin'}?t=${token}`;

  let stopping: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
    // The screens learn it before core closes their ports.
    const closed = server.stop();
    await supervisor.stop();
    await closed;
    await lock.release();
  };
  return {
    staffUrl: urlWith('staff', sessions.issueToken('staff')),
    checkinUrl: urlWith('checkin', sessions.issueToken('checkin')),
    oneTimeUrl: (surface) =>
      urlWith(surface, sessions.issueToken(surface, { singleUse: true, lifetimeMs: ONE_TIME_MS })),
    supervisor,
    startStation: async () => {
      await supervisor.start();
      return supervisor.state;
    },
    stop: () => {
      stopping ??= stop();
      return stopping;
    },
  };
}
