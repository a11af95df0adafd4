/**
 * `devices.json` in the clinic's directory says which devices this station has and where they are. It wins over simulated ones
 * of the same kind, so that a real scale can be tried in the demonstration clinic.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { DeviceConfiguration } from '../../contract/index.ts';
import { deviceConfigurationSchema, VantageError } from '../../contract/index.ts';

/** @throws VantageError INPUT_INVALID when the file is there and isn't a list of device configurations. */
export function configuredDevices(directory: string, simulated: readonly DeviceConfiguration[]): DeviceConfiguration[] {
  let text: string;
  try {
    text = readFileSync(join(directory, 'devices.json'), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [...simulated];
    throw error;
  }
  const own = parse(text);
  const kinds = new Set(own.map((configuration) => configuration.kind));
  return [...own, ...simulated.filter((configuration) => !kinds.has(configuration.kind))];
}

function parse(text: string): DeviceConfiguration[] {
  try {
    return z.array(deviceConfigurationSchema).parse(JSON.parse(text));
  } catch (error) {
    throw new VantageError('INPUT_INVALID', 'devices.json is not a list of device configurations', {
      field: 'devices.json',
      cause: error,
    });
  }
}
