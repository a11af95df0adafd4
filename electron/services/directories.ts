/** Where a station keeps its data. The demonstration has a folder of its own and is never mixed with a clinic. */
import { existsSync, lstatSync } from 'node:fs';
import { join, resolve } from 'node:path';

export type StationMode = 'demonstration' | 'clinic';

export interface Place {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  readonly home: string;
}

/** `VANTAGE_DIRECTORY`, or where the platform keeps such data. */
export function rootDirectory({ environment, platform, home }: Place): string {
  const given = environment['VANTAGE_DIRECTORY'];
  if (given !== undefined && given !== '') return resolve(given);
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'Vantage Workstation');
  if (platform === 'win32') {
    return join(environment['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local'), 'Vantage Workstation');
  }
  const data = environment['XDG_DATA_HOME'];
  return join(data !== undefined && data.startsWith('/') ? data : join(home, '.local', 'share'), 'vantage-workstation');
}

export function clinicDirectory(root: string, mode: StationMode): string {
  return join(root, mode);
}

/** A station that was enrolled once stays a clinic; before that it is the demonstration. */
export function modeOf(root: string): StationMode {
  return existsSync(clinicDirectory(root, 'clinic')) ? 'clinic' : 'demonstration';
}

/** Whether data lies there that needs the key it was made with: also where a link leads to nothing at the moment. */
export function holdsData(directory: string): boolean {
  return lstatSync(join(directory, 'clinic.db'), { throwIfNoEntry: false }) !== undefined;
}
