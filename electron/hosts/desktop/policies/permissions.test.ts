import { describe, expect, it } from 'vitest';
import { isPermissionGranted } from './permissions.ts';

const NAMES = [
  'clipboard-read',
  'clipboard-sanitized-write',
  'display-capture',
  'fullscreen',
  'geolocation',
  'hid',
  'idle-detection',
  'media',
  'mediaKeySystem',
  'midi',
  'midiSysex',
  'notifications',
  'openExternal',
  'pointerLock',
  'serial',
  'speaker-selection',
  'storage-access',
  'usb',
  'window-management',
  'unknown',
  'something-new',
];

describe('permissions', () => {
  it.each(NAMES)('%s is refused to both surfaces', (permission) => {
    for (const surface of ['staff', 'checkin'] as const)
      expect(isPermissionGranted({ surface, permission, requestingUrl: 'app://bundle/index.html' })).toBe(false);
  });

  it('what a table grants is granted to that surface of our own bundle alone', () => {
    const granted = { staff: ['fullscreen'], checkin: [] };
    const ask = (surface: 'staff' | 'checkin', requestingUrl: string): boolean =>
      isPermissionGranted({ surface, permission: 'fullscreen', requestingUrl }, granted);
    expect(ask('staff', 'app://bundle/index.html')).toBe(true);
    expect(ask('checkin', 'app://bundle/checkin.html')).toBe(false);
    expect(ask('staff', 'https://bundle/index.html')).toBe(false);
    expect(ask('staff', '')).toBe(false);
  });
});
