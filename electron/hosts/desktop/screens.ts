/** The windows as the displays demand them; followed when a display comes or goes. */
import { screen } from 'electron';
import type { PlacementOptions } from './policies/displays.ts';
import { placeWindows } from './policies/displays.ts';
import type { Surface } from '../../contract/index.ts';
import type { ScreenWindowOptions } from './screen-window.ts';
import { ScreenWindow } from './screen-window.ts';

export interface ScreensOptions extends Omit<ScreenWindowOptions, 'placement' | 'onClosed'> {
  readonly placement: PlacementOptions;
  /** The facilitator's window was closed by a person. */
  readonly onStaffClosed: () => void;
}

/** A dock brings its displays one by one. */
const SETTLE_MS = 250;

export class Screens {
  readonly #options: ScreensOptions;
  readonly #windows = new Map<Surface, ScreenWindow>();
  #settling: NodeJS.Timeout | null = null;

  constructor(options: ScreensOptions) {
    this.#options = options;
    this.#arrange();
    const follow = (): void => this.#arrangeSoon();
    screen.on('display-added', follow);
    screen.on('display-removed', follow);
    screen.on('display-metrics-changed', follow);
  }

  focus(): void {
    this.#windows.get('staff')?.focus();
  }

  #arrangeSoon(): void {
    if (this.#settling !== null) clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.#arrange(), SETTLE_MS);
  }

  #arrange(): void {
    const { placement, onStaffClosed, ...shared } = this.#options;
    const placements = placeWindows(screen.getAllDisplays(), screen.getPrimaryDisplay().id, placement);
    for (const [surface, window] of this.#windows) {
      if (!placements.some((wanted) => wanted.surface === surface)) window.close();
    }
    for (const wanted of placements) {
      const there = this.#windows.get(wanted.surface);
      if (there === undefined) {
        const onClosed = (): void => {
          this.#windows.delete(wanted.surface);
          if (wanted.surface === 'staff') onStaffClosed();
        };
        this.#windows.set(wanted.surface, new ScreenWindow({ ...shared, placement: wanted, onClosed }));
      } else there.place(wanted);
    }
  }
}
