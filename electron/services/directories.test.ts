import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { VantageError } from '../contract/index.ts';
import { clinicDirectory, modeOf, modeOfFolder, rootDirectory } from './directories.ts';

describe('data directory', () => {
  it('is where the platform keeps such data, unless it is named', () => {
    const place = { environment: {}, platform: 'linux', home: '/home/a' } as const;
    expect(rootDirectory(place)).toBe('/home/a/.local/share/vantage-workstation');
    expect(rootDirectory({ ...place, environment: { XDG_DATA_HOME: '/data' } })).toBe('/data/vantage-workstation');
    // The base directory specification: a relative path is to be ignored.
    expect(rootDirectory({ ...place, environment: { XDG_DATA_HOME: 'data' } })).toContain('/home/a');
    expect(rootDirectory({ ...place, environment: { VANTAGE_DIRECTORY: '/clinic' } })).toBe('/clinic');
    expect(rootDirectory({ ...place, platform: 'darwin' })).toContain('Application Support');
  });

  it('is the demonstration’s own until a clinic was set up', () => {
    const root = mkdtempSync(join(tmpdir(), 'vantage-root-'));
    expect(modeOf(root)).toBe('demonstration');
    mkdirSync(clinicDirectory(root, 'demonstration'));
    expect(modeOf(root)).toBe('demonstration');
    mkdirSync(clinicDirectory(root, 'clinic'));
    expect(modeOf(root)).toBe('clinic');
    rmSync(root, { recursive: true });
  });

  it('that is named says itself whether it is a clinic’s; an empty one is what is asked for', () => {
    const folder = mkdtempSync(join(tmpdir(), 'vantage-named-'));
    expect(modeOfFolder(folder, null)).toBe('demonstration');
    expect(modeOfFolder(folder, 'clinic')).toBe('clinic');
    writeFileSync(join(folder, 'clinic.db'), '');
    expect(modeOfFolder(folder, null)).toBe('clinic');
    expect(() => modeOfFolder(folder, 'demonstration')).toThrow('INPUT_INVALID');
    writeFileSync(join(folder, 'demonstration.key'), '');
    expect(modeOfFolder(folder, null)).toBe('demonstration');
    expect(() => modeOfFolder(folder, 'clinic')).toThrow('INPUT_INVALID');
    rmSync(folder, { recursive: true });
  });

  it('that is named and holds somebody’s files is not made a clinic’s; what a first start left behind is no such file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'vantage-named-'));
    for (const name of ['station.log', 'station-id', '.DS_Store']) writeFileSync(join(folder, name), '');
    expect(modeOfFolder(folder, null)).toBe('demonstration');
    expect(modeOfFolder(join(folder, 'not-there-yet'), 'clinic')).toBe('clinic');
    // Also what is left of a clinic whose file and keys are gone: it has to be restored there.
    for (const name of ['letters', 'backups']) {
      mkdirSync(join(folder, name));
      for (const asked of [null, 'clinic'] as const) {
        expect(() => modeOfFolder(folder, asked)).toThrow(VantageError);
        expect(() => modeOfFolder(folder, asked)).toThrow('FOLDER_NOT_CLINIC');
      }
      rmSync(join(folder, name), { recursive: true });
    }
    rmSync(folder, { recursive: true });
  });
});
