/**
 * What a page may ask the browser for: nothing. Cameras, scales and scanners are the devices process's, never the page's.
 * Electron grants everything where no handler stands, so both of its handlers ask here.
 */
import type { Surface } from '../../../contract/index.ts';
import { isInsideBundle } from './navigation.ts';

/** The permissions granted to each surface, by Electron's names. Adding one means saying why beside it. */
const GRANTED: Readonly<Record<Surface, readonly string[]>> = { staff: [], checkin: [] };

export interface PermissionQuestion {
  readonly surface: Surface;
  /** Electron's name: `media`, `geolocation`, `clipboard-read`, `openExternal`, `hid`, ... */
  readonly permission: string;
  /** Address or origin of who asks. */
  readonly requestingUrl: string;
}

/** Is the permission granted? Only to our own bundle, only what the table names. */
export function isPermissionGranted(
  question: PermissionQuestion,
  granted: Readonly<Record<Surface, readonly string[]>> = GRANTED,
): boolean {
  return isInsideBundle(question.requestingUrl) && granted[question.surface].includes(question.permission);
}
