import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
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
    writeFileSync(join(folder, 'demonstration.key'), '');
    expect(modeOfFolder(folder, null)).toBe('demonstration');
    expect(() => modeOfFolder(folder, 'clinic')).toThrow('INPUT_INVALID');
    rmSync(folder, { recursive: true });
  });
});
