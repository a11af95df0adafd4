/** Crash reports stay on this computer, and not for long: a dump may hold what was on a screen. */
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

const KEPT_MS = 14 * 24 * 60 * 60 * 1000;

/** Removes the dumps that are older than two weeks. A folder that is not there has none. @param now ms since 1970 */
export function purgeCrashReports(directory: string, now: number): void {
  let names: string[];
  try {
    names = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  } catch {
    return;
  }
  for (const name of names) {
    if (!name.endsWith('.dmp')) continue;
    const path = join(directory, name);
    const written = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now;
    if (now - written > KEPT_MS) rmSync(path, { force: true });
  }
}
