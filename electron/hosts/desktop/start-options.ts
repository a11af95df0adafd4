/** What the command line may ask of the desktop host. */
import { isAbsolute, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

export interface StartOptions {
  /** Everything of this installation; null leaves it to the system's custom. */
  readonly directory: string | null;
  readonly mode: 'demonstration' | 'clinic';
  /** Windows with frames, instead of whole displays. */
  readonly windowed: boolean;
  /** Check-in on the same display where there is only one. */
  readonly checkinOnOneDisplay: boolean;
}

/**
 * Reads the options after the program's name. Chromium's and Electron's own switches are not ours and are passed over.
 * A demonstration has frames around its windows unless `--kiosk` is given; a clinic has none unless `--windowed` is.
 */
export function parseStartOptions(args: readonly string[], workingDirectory: string): StartOptions {
  const { values } = parseArgs({
    args: [...args],
    strict: false,
    allowPositionals: true,
    options: {
      directory: { type: 'string' },
      clinic: { type: 'boolean' },
      kiosk: { type: 'boolean' },
      windowed: { type: 'boolean' },
      'check-in-here': { type: 'boolean' },
    },
  });
  const mode = values.clinic === true ? 'clinic' : 'demonstration';
  const { directory } = values;
  return {
    directory: typeof directory === 'string' ? absolute(directory, workingDirectory) : null,
    mode,
    windowed: values.windowed === true || (mode === 'demonstration' && values.kiosk !== true),
    checkinOnOneDisplay: values['check-in-here'] === true,
  };
}

/** Demonstration and clinic never share a directory: their data is never mixed. */
export function clinicDirectory(userData: string, mode: StartOptions['mode']): string {
  return join(userData, mode);
}

function absolute(path: string, workingDirectory: string): string {
  return isAbsolute(path) ? path : resolve(workingDirectory, path);
}
