/** What is simulated on this station, in words that claim no more than the devices do. Pure. */
import type { I18n } from '@lingui/core';
import type { DeviceStatus } from '../../electron/contract/devices.ts';
import type { Hello } from '../../electron/contract/views.ts';

export interface Simulation {
  /** Null until the station has said which it is. */
  readonly mode: Hello['mode'] | null;
  /** Null where this screen is not told about devices, or not yet. */
  readonly devices: readonly Pick<DeviceStatus, 'name' | 'simulated'>[] | null;
}

export interface SimulationWords {
  /** One line over the whole screen. */
  readonly bar: string;
  /** One word in the station line. */
  readonly tag: string;
}

/** Null where nothing has to be marked: a clinic with real devices. */
export function simulationWords(i18n: I18n, { mode, devices }: Simulation): SimulationWords | null {
  const simulated = devices?.filter((device) => device.simulated) ?? [];
  const real = devices?.filter((device) => !device.simulated) ?? [];
  if (mode !== 'demonstration') {
    return simulated.length === 0
      ? null
      : {
          bar: i18n.t('Simulated here: {devices}. What comes from them was never measured.', {
            devices: namesOf(simulated),
          }),
          tag: i18n.t('Partly simulated'),
        };
  }
  if (simulated.length === 0) {
    return {
      bar:
        real.length === 0
          ? i18n.t('Demonstration clinic: no real patients.')
          : i18n.t('Demonstration clinic: no real patients. The devices are real.'),
      tag: i18n.t('Demonstration'),
    };
  }
  return real.length === 0
    ? { bar: i18n.t('Demonstration clinic: every device is simulated. No real patients.'), tag: i18n.t('Simulated') }
    : {
        bar: i18n.t('Demonstration clinic: no real patients. Real: {real}. Simulated: {simulated}.', {
          real: namesOf(real),
          simulated: namesOf(simulated),
        }),
        tag: i18n.t('Partly simulated'),
      };
}

function namesOf(devices: readonly { readonly name: string }[]): string {
  return devices.map((device) => device.name).join(', ');
}
