/** Which window stands on which display. Pure: told the displays, it tells the windows; `windows.ts` makes them so. */
import type { Surface } from '../../../contract/index.ts';

interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The part of Electron's `Display` that decides. */
export interface DisplayFacts {
  readonly id: number;
  /** Device-independent pixels. */
  readonly bounds: Rectangle;
  readonly workArea: Rectangle;
  readonly touchSupport: 'available' | 'unavailable' | 'unknown';
}

export interface Placement {
  readonly surface: Surface;
  readonly displayId: number;
  readonly bounds: Rectangle;
  /** The whole display, without frame: nothing of the system is within a patient's reach. */
  readonly kiosk: boolean;
}

export interface PlacementOptions {
  /** Frames and title bars instead of full screens: demonstrations and development. */
  readonly windowed: boolean;
  /** Also open check-in when there is one display only (always windowed then). */
  readonly checkinOnOneDisplay: boolean;
}

const SMALLEST: Rectangle = { x: 0, y: 0, width: 1280, height: 800 };

/**
 * The facilitator's window is on the primary display. Check-in is on the first other one: a touch display before others, then
 * from left to right, so that the choice does not hang on the order in which the system happens to list them.
 * @returns no placement for check-in where there is no display for it; then check-in is done at the desk.
 */
export function placeWindows(
  displays: readonly DisplayFacts[],
  primaryId: number,
  options: PlacementOptions,
): readonly Placement[] {
  const primary = displays.find((display) => display.id === primaryId) ?? displays[0];
  if (primary === undefined) return [{ surface: 'staff', displayId: 0, bounds: SMALLEST, kiosk: false }];
  const [second] = displays.filter((display) => display !== primary).sort(byFitness);
  const alone = second === undefined && options.checkinOnOneDisplay;
  const staff = place('staff', primary, options.windowed || alone);
  if (second !== undefined) return [staff, place('checkin', second, options.windowed)];
  return alone ? [staff, place('checkin', primary, true)] : [staff];
}

function place(surface: Surface, display: DisplayFacts, windowed: boolean): Placement {
  const bounds = windowed ? display.workArea : display.bounds;
  return { surface, displayId: display.id, bounds, kiosk: !windowed };
}

function byFitness(a: DisplayFacts, b: DisplayFacts): number {
  const touch = Number(b.touchSupport === 'available') - Number(a.touchSupport === 'available');
  return touch || a.bounds.x - b.bounds.x || a.bounds.y - b.bounds.y || a.id - b.id;
}
