/** Where a station keeps its data. The demonstration has a folder of its own and is never mixed with a clinic. */
import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { VantageError } from '../contract/index.ts';

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

/** What may lie in a folder that is nobody's yet: what hosts make before there is a key, what a person puts there for the first start, and a disk's own. */
const BEFORE_FIRST_START: ReadonlySet<string> = new Set([
  'browser',
  'desktop',
  'devices.json',
  'instance.sock',
  'instance.sock.turn',
  'lost+found',
  'station-id',
  'station.log',
]);

/**
 * The mode of a folder that a person names (`--data`), such as a restored one: what lies in it says so, and where nothing does, what is asked for.
 * @throws VantageError INPUT_INVALID where a clinic is asked for and the folder is a demonstration's, or the other way round; FOLDER_NOT_CLINIC where other things lie in it
 */
export function modeOfFolder(directory: string, asked: StationMode | null): StationMode {
  if (existsSync(join(directory, 'demonstration.key'))) {
    if (asked === 'clinic') throw new VantageError('INPUT_INVALID', `${directory} is a demonstration’s folder`);
    return 'demonstration';
  }
  const isClinic = ['station.key', 'station.ring-key', 'clinic.db'].some((name) => existsSync(join(directory, name)));
  if (isClinic) {
    if (asked === 'demonstration') throw new VantageError('INPUT_INVALID', `${directory} is a clinic’s folder`);
    return 'clinic';
  }
  const names = existsSync(directory) ? readdirSync(directory) : [];
  const others = names.filter((name) => !name.startsWith('.') && !BEFORE_FIRST_START.has(name));
  if (others.length > 0) throw new VantageError('FOLDER_NOT_CLINIC', directory);
  return asked ?? 'demonstration';
}

/** Whether data lies there that needs the key it was made with: also where a link leads to nothing at the moment. */
export function holdsData(directory: string): boolean {
  return lstatSync(join(directory, 'clinic.db'), { throwIfNoEntry: false }) !== undefined;
}
