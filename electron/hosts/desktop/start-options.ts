/**
 * What the command line may ask of the desktop host. Where the data lies is `VANTAGE_DIRECTORY`'s, as for the other host, unless a folder is
 * named.
 */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { StationMode } from '../../services/directories.ts';

export interface StartOptions {
  /** Null: what the data that lies there says. */
  readonly mode: StationMode | null;
  /** The clinic's folder; null: the one of this computer. */
  readonly data: string | null;
  /** Windows with frames, or whole displays. Null: frames for a demonstration, none for a clinic. */
  readonly windowed: boolean | null;
  /** Check-in on the same display where there is only one. */
  readonly checkinOnOneDisplay: boolean;
}

/** Reads the options after the program's name. Chromium's and Electron's own switches are not ours and are passed over. */
export function parseStartOptions(args: readonly string[]): StartOptions {
  const { values } = parseArgs({
    args: [...args],
    strict: false,
    allowPositionals: true,
    options: {
      clinic: { type: 'boolean' },
      demonstration: { type: 'boolean' },
      data: { type: 'string' },
      kiosk: { type: 'boolean' },
      windowed: { type: 'boolean' },
      'check-in-here': { type: 'boolean' },
    },
  });
  const framed = values.windowed === true ? true : null;
  return {
    mode: values.clinic === true ? 'clinic' : values.demonstration === true ? 'demonstration' : null,
    data: typeof values.data === 'string' && values.data !== '' ? resolve(values.data) : null,
    windowed: values.kiosk === true ? false : framed,
    checkinOnOneDisplay: values['check-in-here'] === true,
  };
}
