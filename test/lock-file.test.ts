import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

interface Lock {
  readonly packages: Readonly<Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>>;
}

/** npm leaves an optional platform package out without a word when the registry doesn't serve it; `npm ci` then fails elsewhere. */
function leftOut(lock: Lock): string[] {
  const names = new Set(Object.keys(lock.packages).map((path) => path.split('node_modules/').at(-1)));
  return Object.entries(lock.packages).flatMap(([path, entry]) =>
    Object.keys(entry.optionalDependencies ?? {})
      .filter((name) => !names.has(name))
      .map((name) => `${path}: ${name}`),
  );
}

describe('lock file', () => {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lock;

  it('has an entry for every optional platform package', () => {
    expect(leftOut(lock)).toEqual([]);
  });

  it('would be refused with one left out', () => {
    const packages = { ...lock.packages };
    const platform = Object.keys(packages).find((path) => path.includes('@img/sharp-win32-x64'));
    expect(platform).toBeDefined();
    delete (packages as Record<string, unknown>)[platform ?? ''];
    expect(leftOut({ packages })).not.toEqual([]);
  });

  it('names exact versions only', () => {
    const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Record<string, Record<string, string>>;
    const versions = Object.entries({ ...manifest['dependencies'], ...manifest['devDependencies'] });
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))).toEqual([]);
  });
});
