import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isFresh, runBuild, SCREENS } from './builds.ts';

let root = '';
function write(seconds: number, ...parts: string[]): void {
  const path = join(root, ...parts);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, '');
  utimesSync(path, seconds, seconds);
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'vantage-build-'));
  write(100, 'package.json');
  write(100, 'renderer', 'vite.config.ts');
  write(100, 'renderer', 'shell', 'main.tsx');
});
afterEach(() => rmSync(root, { recursive: true }));

describe('built screens', () => {
  it('are fresh when both pages are there and newer than every source', () => {
    expect(isFresh(root, SCREENS)).toBe(false);
    write(200, 'dist', 'renderer', 'index.html');
    expect(isFresh(root, SCREENS)).toBe(false);
    write(200, 'dist', 'renderer', 'checkin.html');
    expect(isFresh(root, SCREENS)).toBe(true);
    write(300, 'renderer', 'shell', 'main.tsx');
    expect(isFresh(root, SCREENS)).toBe(false);
  });

  it('are taken as they are where no sources lie', () => {
    write(200, 'dist', 'renderer', 'index.html');
    write(200, 'dist', 'renderer', 'checkin.html');
    rmSync(join(root, 'renderer'), { recursive: true });
    expect(isFresh(root, SCREENS)).toBe(true);
  });

  it('say what was wrong when they cannot be built', async () => {
    await expect(runBuild(root, SCREENS)).rejects.toThrow('The screens could not be built');
  });
});
