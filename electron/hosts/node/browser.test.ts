import { describe, expect, it } from 'vitest';
import type { Machine } from './browser.ts';
import { browserArguments, findBrowser, hasDisplay } from './browser.ts';

const linux: Machine = {
  environment: { PATH: '/usr/local/bin:/usr/bin', DISPLAY: ':0' },
  platform: 'linux',
  isRoot: false,
};

describe('browser window', () => {
  it('needs a display, and none is used in CI', () => {
    expect(hasDisplay(linux)).toBe(true);
    expect(hasDisplay({ ...linux, environment: {} })).toBe(false);
    expect(hasDisplay({ ...linux, environment: { WAYLAND_DISPLAY: 'wayland-0' } })).toBe(true);
    expect(hasDisplay({ ...linux, environment: { DISPLAY: ':0', CI: 'true' } })).toBe(false);
    expect(hasDisplay({ ...linux, platform: 'darwin', environment: {} })).toBe(true);
  });

  it('is the first of the Chromium family that is installed', () => {
    const installed = new Set(['/usr/bin/google-chrome', '/usr/bin/microsoft-edge']);
    expect(findBrowser(linux, (path) => installed.has(path))).toBe('/usr/bin/google-chrome');
    expect(findBrowser(linux, () => false)).toBeNull();
    const windows: Machine = { ...linux, platform: 'win32', environment: { ProgramFiles: 'C:\\Programs' } };
    expect(findBrowser(windows, (path) => path.endsWith('msedge.exe'))).toContain('Microsoft');
  });

  it('has a profile of its own, and Chromium’s sandbox wherever Chromium has one', () => {
    const given = browserArguments('http://127.0.0.1:1/', '/data/browser', linux);
    expect(given).toContain('--app=http://127.0.0.1:1/');
    expect(given).toContain('--user-data-dir=/data/browser');
    expect(given).not.toContain('--no-sandbox');
    expect(browserArguments('x', '/data/browser', { ...linux, isRoot: true })).toContain('--no-sandbox');
  });
});
