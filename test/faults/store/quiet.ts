import type { Log } from '../../../electron/core/clinic-api.ts';

/** A log that nobody reads. */
export const QUIET: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
