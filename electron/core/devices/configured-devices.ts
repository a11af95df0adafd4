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
    throw unusable('devices.json can not be read', error);
  }
  const own = parse(text);
  const kinds = new Set(own.map((configuration) => configuration.kind));
  return [...own, ...simulated.filter((configuration) => !kinds.has(configuration.kind))];
}

function parse(text: string): DeviceConfiguration[] {
  try {
    return listSchema.parse(JSON.parse(text));
  } catch (error) {
    throw unusable('devices.json is not a list of device configurations, each with an id of its own', error);
  }
}

const listSchema = z
  .array(deviceConfigurationSchema)
  .refine((list) => new Set(list.map((configuration) => configuration.deviceId)).size === list.length);

function unusable(detail: string, cause: unknown): VantageError {
  return new VantageError('INPUT_INVALID', detail, { field: 'devices.json', cause });
}
