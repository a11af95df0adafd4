/** One window: its page, its session, its port to core, and its return after a crash. */
import { randomUUID } from 'node:crypto';
import type { IpcMainEvent, MessagePortMain } from 'electron';
import { BrowserWindow, MessageChannelMain, session } from 'electron';
import type { Log } from '../../core/clinic-api.ts';
import type { Surface } from '../../contract/index.ts';
import { recoveryRequestSchema } from '../../contract/index.ts';
import { problemFrom } from '../../core/problems.ts';
import type { StationState, Supervisor } from '../../services/supervisor.ts';
import { createBundleHandler } from './bundle-protocol.ts';
import type { Placement } from './policies/displays.ts';
import { BUNDLE_ORIGIN, BUNDLE_SCHEME, isInsideBundle, mayNavigate } from './policies/navigation.ts';
import type { Resources } from './resources.ts';
import { secureContents, secureSession } from './window-security.ts';

export interface ScreenWindowOptions {
  readonly placement: Placement;
  readonly resources: Resources;
  readonly supervisor: Supervisor<MessagePortMain>;
  readonly buildId: string;
  readonly developerTools: boolean;
  readonly log: Log;
  readonly onClosed: () => void;
  /** The page itself is not there: nothing can be shown in this window, not even a problem. */
  readonly onPageMissing: () => void;
}

const PAGES: Readonly<Record<Surface, string>> = { staff: '/index.html', checkin: '/checkin.html' };
const BACKGROUND = '#f7f8fa';
const RELOAD_AFTER_MS = [100, 500, 2000, 10_000] as const;
/** A page that stood this long has recovered. */
const SETTLED_MS = 60_000;

export class ScreenWindow {
  readonly surface: Surface;
  readonly #options: ScreenWindowOptions;
  readonly #window: BrowserWindow;
  /** Given by the host, so that no page can be another; it outlives the page, so that a crash does not sign anybody out. */
  readonly #screenSessionId = randomUUID();
  /** The page stands and listens. */
  #isAsking = false;
  #phase: StationState['phase'] | null = null;
  #wasToldProblem = false;
  /** What the station is closed for, as the page was told of it last; JSON. */
  #work = 'null';
  #crashes = 0;
  #loadedAt = 0;
  readonly #stopListening: () => void;

  constructor(options: ScreenWindowOptions) {
    this.#options = options;
    this.surface = options.placement.surface;
    const { bounds, kiosk } = options.placement;
    // Without `persist:` a partition lives in memory; a new one for each window shares nothing with any other.
    const own = session.fromPartition(`screen-${this.#screenSessionId}`, { cache: false });
    secureSession(own, this.surface, options.developerTools);
    own.protocol.handle(
      BUNDLE_SCHEME,
      createBundleHandler({
        directory: options.resources.renderer,
        openMedia: (path) => options.supervisor.openMedia(path, this.#screenSessionId),
      }),
    );
    this.#window = new BrowserWindow({
      ...bounds,
      kiosk,
      show: false,
      backgroundColor: BACKGROUND,
      webPreferences: {
        session: own,
        preload: options.resources.preload,
        sandbox: true,
        contextIsolation: true,
        nodeIntegration: false,
        webSecurity: true,
        spellcheck: false,
        devTools: options.developerTools,
      },
    });
    const { webContents: contents } = this.#window;
    secureContents(contents, [PAGES[this.surface]]);
    contents.ipc.on('vantage:port-please', (event) => this.#asked(event));
    contents.ipc.on('vantage:recover', (event, request: unknown) => void this.#recover(event, request));
    contents.on('did-start-navigation', (event) => {
      if (event.isMainFrame && !event.isSameDocument) this.#forgetPage();
    });
    contents.on('did-finish-load', () => {
      this.#loadedAt = Date.now();
    });
    contents.on('render-process-gone', (_event, { reason }) => this.#crashed(reason));
    this.#window.once('ready-to-show', () => this.#window.show());
    this.#stopListening = options.supervisor.onState((state) => this.#stationChanged(state));
    this.#window.on('closed', () => {
      this.#stopListening();
      options.onClosed();
    });
    this.#load();
  }

  /** Where the displays have changed. */
  place({ bounds, kiosk }: Placement): void {
    if (this.#window.isKiosk() && !kiosk) this.#window.setKiosk(false);
    this.#window.setBounds(bounds);
    if (kiosk) this.#window.setKiosk(true);
  }

  focus(): void {
    if (this.#window.isMinimized()) this.#window.restore();
    this.#window.focus();
  }

  close(): void {
    if (!this.#window.isDestroyed()) this.#window.destroy();
  }

  #load(): void {
    if (this.#window.isDestroyed()) return;
    const page = PAGES[this.surface];
    // After a crash the same place again: the page keeps it behind the address's `#`.
    const last = this.#window.webContents.getURL();
    const url = mayNavigate({ url: last, isMainFrame: true }, [page]) ? last : `${BUNDLE_ORIGIN}${page}`;
    this.#window.loadURL(url).catch((error: unknown) => {
      // A load that the next one has overtaken is none that failed.
      const code = (error as { readonly code?: string }).code ?? 'unknown';
      if (code === 'ERR_ABORTED') return;
      this.#options.log.error({ surface: this.surface, code }, 'page not loaded');
      this.#options.onPageMissing();
    });
  }

  #asked(event: IpcMainEvent): void {
    if (!this.#isFromPage(event)) return;
    // A page that knows of the problem and asks again was told to by a person: that is the problem's one action.
    const isRetry = this.#wasToldProblem && this.surface === 'staff';
    this.#isAsking = true;
    const { supervisor } = this.#options;
    if (supervisor.state.phase === 'failed' && isRetry) {
      this.#wasToldProblem = false;
      supervisor.retry();
      return;
    }
    this.#phase = null;
    this.#stationChanged(supervisor.state);
  }

  #stationChanged(state: StationState): void {
    if (!this.#isAsking || this.#window.isDestroyed()) return;
    const { webContents: contents } = this.#window;
    const work = JSON.stringify(state.work);
    if (work !== this.#work) {
      this.#work = work;
      contents.send('vantage:working', { work: state.work });
    }
    if (state.phase === this.#phase) return;
    const before = this.#phase;
    this.#phase = state.phase;
    switch (state.phase) {
      case 'ready':
        this.#offerPort();
        break;
      case 'restarting':
        if (before !== null) contents.send('vantage:restarting', { process: 'core' });
        break;
      case 'failed':
        this.#wasToldProblem = true;
        void this.#tellProblem(state);
        break;
      case 'starting':
      case 'stopped':
        break;
      default:
        state.phase satisfies never;
    }
  }

  async #tellProblem({ problem }: StationState): Promise<void> {
    const recovery = this.surface === 'staff' ? await this.#options.supervisor.recovery() : null;
    if (!this.#window.isDestroyed()) this.#window.webContents.send('vantage:problem', { problem, recovery });
  }

  /** A person chose what the problem's page offers. A restore is heard of as any start is. */
  async #recover(event: IpcMainEvent, request: unknown): Promise<void> {
    const wish = recoveryRequestSchema.safeParse(request);
    if (!this.#isFromPage(event) || this.surface !== 'staff' || !wish.success) return;
    try {
      const answer = await this.#options.supervisor.recover(wish.data);
      if (!this.#window.isDestroyed()) this.#window.webContents.send('vantage:recovered', { ...answer, problem: null });
    } catch (error) {
      const problem = problemFrom(error, new Date());
      if (!this.#window.isDestroyed()) this.#window.webContents.send('vantage:recovered', { copiedTo: null, problem });
    }
  }

  #isFromPage({ senderFrame }: IpcMainEvent): boolean {
    return (
      senderFrame !== null && senderFrame === this.#window.webContents.mainFrame && isInsideBundle(senderFrame.url)
    );
  }

  #offerPort(): void {
    const { supervisor, buildId } = this.#options;
    const { port1, port2 } = new MessageChannelMain();
    const screen = { surface: this.surface, screenSessionId: this.#screenSessionId };
    if (supervisor.attachScreen(port1, screen)) {
      this.#window.webContents.postMessage('vantage:port', { buildId }, [port2]);
    } else {
      // The next `ready` offers again.
      port2.close();
      this.#phase = 'restarting';
    }
  }

  #forgetPage(): void {
    this.#isAsking = false;
    this.#phase = null;
    this.#work = 'null';
    this.#wasToldProblem = false;
  }

  /** The page comes back by itself, later each time it does not stay. */
  #crashed(reason: string): void {
    this.#forgetPage();
    if (reason === 'clean-exit' || this.#window.isDestroyed()) return;
    if (Date.now() - this.#loadedAt > SETTLED_MS) this.#crashes = 0;
    const afterMs = RELOAD_AFTER_MS[Math.min(this.#crashes, RELOAD_AFTER_MS.length - 1)] ?? 0;
    this.#crashes += 1;
    this.#options.log.warn({ surface: this.surface, reason, crashes: this.#crashes, afterMs }, 'page gone');
    setTimeout(() => this.#load(), afterMs);
  }
}
