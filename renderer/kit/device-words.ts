/** The state of a device in a word and a mark. */
import type { I18n } from '@lingui/core';
import type { DeviceKind, DeviceState } from '../../electron/contract/devices.ts';
import type { MarkShape } from './marks.tsx';

export const DEVICE_MARKS: Readonly<Record<DeviceState, MarkShape>> = {
  absent: 'absent',
  detected: 'busy',
  claiming: 'busy',
  identifying: 'busy',
  uncalibrated: 'care',
  ready: 'done',
  busy: 'busy',
  faulted: 'stopped',
  recovering: 'busy',
  quarantined: 'aside',
};

export function deviceStateWord(i18n: I18n, state: DeviceState): string {
  const words: Readonly<Record<DeviceState, string>> = {
    absent: i18n.t('not connected'),
    detected: i18n.t('found'),
    claiming: i18n.t('starting'),
    identifying: i18n.t('identifying'),
    uncalibrated: i18n.t('not calibrated'),
    ready: i18n.t('ready'),
    busy: i18n.t('in use'),
    faulted: i18n.t('stopped'),
    recovering: i18n.t('recovering'),
    quarantined: i18n.t('set aside'),
  };
  return words[state];
}

/** For a list of what a room has: "scale, body camera". */
export function deviceKindWord(i18n: I18n, kind: DeviceKind): string {
  const words: Readonly<Record<DeviceKind, string>> = {
    scale: i18n.t('scale'),
    'body-camera': i18n.t('body camera'),
    'fundus-camera': i18n.t('fundus camera'),
  };
  return words[kind];
}
