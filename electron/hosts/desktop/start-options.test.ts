import { describe, expect, it } from 'vitest';
import { clinicDirectory, parseStartOptions } from './start-options.ts';

describe('start options', () => {
  it('are a demonstration in frames when nothing is said', () => {
    expect(parseStartOptions([], '/work')).toEqual({
      directory: null,
      mode: 'demonstration',
      windowed: true,
      checkinOnOneDisplay: false,
    });
  });

  it('a clinic covers its displays unless told otherwise', () => {
    expect(parseStartOptions(['--clinic'], '/work')).toMatchObject({ mode: 'clinic', windowed: false });
    expect(parseStartOptions(['--clinic', '--windowed'], '/work')).toMatchObject({ windowed: true });
    expect(parseStartOptions(['--kiosk'], '/work')).toMatchObject({ mode: 'demonstration', windowed: false });
  });

  it('take a directory, relative to where the program was started', () => {
    expect(parseStartOptions(['--directory', 'data'], '/work').directory).toBe('/work/data');
    expect(parseStartOptions(['--directory=/data'], '/work').directory).toBe('/data');
  });

  it('pass over what belongs to Chromium', () => {
    expect(parseStartOptions(['.', '--disable-gpu', '--lang=ar', '--check-in-here'], '/work')).toMatchObject({
      checkinOnOneDisplay: true,
      mode: 'demonstration',
    });
  });

  it('demonstration and clinic never share a directory', () => {
    expect(clinicDirectory('/data', 'clinic')).not.toBe(clinicDirectory('/data', 'demonstration'));
  });
});
