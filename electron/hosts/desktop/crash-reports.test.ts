import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { purgeCrashReports } from './crash-reports.ts';

it('old dumps go, new ones and everything else stay', () => {
  const directory = mkdtempSync(join(tmpdir(), 'vantage-crash-'));
  mkdirSync(join(directory, 'completed'));
  const now = Date.parse('2026-11-21T00:00:00Z');
  const file = (name: string, days: number): string => {
    const path = join(directory, name);
    writeFileSync(path, 'x');
    utimesSync(path, now / 1000, now / 1000 - days * 86_400);
    return path;
  };
  const old = file('completed/old.dmp', 15);
  const fresh = file('completed/new.dmp', 13);
  const settings = file('settings.dat', 400);
  purgeCrashReports(directory, now);
  expect([old, fresh, settings].map((path) => existsSync(path))).toEqual([false, true, true]);
  rmSync(directory, { recursive: true });
});

it('no folder is no crash', () => {
  expect(() => purgeCrashReports('/nonexistent/crashes', 0)).not.toThrow();
});
