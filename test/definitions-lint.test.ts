/** What must not be in a workflow is found by lint: proven with workflows that have it. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vantage-lint-'));
  cpSync(join(ROOT, '.oxlintrc.json'), join(folder, '.oxlintrc.json'));
  const rules = JSON.parse(readFileSync(join(ROOT, '.dependency-cruiser.json'), 'utf8')) as { options: object };
  // The packages are a link here.
  const options = { ...rules.options, preserveSymlinks: true };
  writeFileSync(join(folder, '.dependency-cruiser.json'), JSON.stringify({ ...rules, options }));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction');
  for (const path of ['workflows/definitions/bad', 'workflows/activities', 'electron/contract']) {
    mkdirSync(join(folder, path), { recursive: true });
  }
  const activities = join(folder, 'workflows', 'activities');
  writeFileSync(join(activities, 'visit-activities.ts'), 'export type Work = 1;\n');
  writeFileSync(join(activities, 'create-activities.ts'), 'export const work = 1;\n');
  writeFileSync(join(folder, 'electron', 'contract', 'names.ts'), 'export const NAME = 1;\n');
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Found {
  readonly code: number | null;
  readonly said: string;
}

function tool(script: string, args: readonly string[]): Found {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'node_modules', script), ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { code: status, said: stdout + stderr };
}

function write(code: string, name = 'bad-workflow.ts'): void {
  writeFileSync(join(folder, 'workflows', 'definitions', 'bad', name), `${code}\n`);
}

const oxlint = (): Found => tool('oxlint/bin/oxlint', ['--max-warnings', '0', 'workflows/definitions']);
const cruise = (): Found =>
  tool('dependency-cruiser/bin/dependency-cruiser.mjs', ['--config', '.dependency-cruiser.json', 'workflows']);

describe('a workflow', () => {
  it.each([
    ['the environment', "export const bad = process.env['HOME'];", 'process'],
    ['the network', "export const bad = async () => fetch('https://example.org');", 'fetch'],
    ['a timer of its own', 'export const bad = () => setTimeout(() => undefined, 1000);', 'setTimeout'],
    ['an interval', 'export const bad = () => setInterval(() => undefined, 1000);', 'setInterval'],
    ['another clock', 'export const bad = () => performance.now();', 'performance'],
    ['randomness', 'export const bad = () => crypto.randomUUID();', 'crypto'],
    ['a built-in module', "import { readFileSync } from 'node:fs';\nexport const bad = readFileSync;", 'node:fs'],
    ['its console', 'export const bad = () => console.log(1);', 'console'],
  ])('with %s is no workflow', (_, code, name) => {
    write(code);
    const { code: exit, said } = oxlint();
    expect(exit).not.toBe(0);
    expect(said).toContain(name);
  });

  it.each([
    ['a built-in module without its prefix', "import { readFileSync } from 'fs';\nexport const bad = readFileSync;"],
    ['an activity itself', "import { work } from '../../activities/create-activities.ts';\nexport const bad = work;"],
    ['a client', "import { Client } from '@temporalio/client';\nexport const bad = Client;"],
  ])('may not import %s', (_, code) => {
    write(code);
    const { code: exit, said } = cruise();
    expect([exit, said]).toEqual([1, expect.stringContaining('definitions-know-nothing-of-the-world')]);
  });

  it('may know the shape of activities, the contract and its own clock, and tests may do what they need', () => {
    write(`import { sleep } from '@temporalio/workflow';
import { NAME } from '../../../electron/contract/names.ts';
import type { Work } from '../../activities/visit-activities.ts';

export async function good(work: Work): Promise<number> {
  await sleep(work);
  return Date.now() + NAME;
}`);
    write("import { readFileSync } from 'node:fs';\nexport const bad = readFileSync;", 'bad.test.ts');
    expect(oxlint()).toMatchObject({ code: 0 });
    expect(cruise()).toMatchObject({ code: 0 });
  });
});
