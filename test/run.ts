/**
 * `npm test`: everything that a change must pass, in the order in which it fails fastest. Gets what it needs by itself, installs
 * no system packages; what can't be had on this machine is skipped by name with the reason in the closing summary.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Counts } from './summary-reporter.ts';

interface Stage {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  /** Vitest stages say how many tests ran; the others count as one. */
  readonly vitest: boolean;
}

const vitest = (project: string): Stage => ({
  name: project,
  command: ['vitest', 'run', '--project', project, '--reporter=default', '--reporter=./test/summary-reporter.ts'],
  vitest: true,
});

const STAGES: readonly Stage[] = [
  { name: 'typecheck', command: ['npm', 'run', '--silent', 'typecheck'], vitest: false },
  { name: 'lint', command: ['npm', 'run', '--silent', 'lint'], vitest: false },
  { name: 'build', command: ['npm', 'run', '--silent', 'build'], vitest: false },
  vitest('unit'),
  vitest('cloud'),
  vitest('workflows'),
  vitest('e2e'),
];

const only = process.argv.slice(2);
const total: Counts = { passed: 0, failed: 0, skipped: 0, reasons: [], failures: [] };
const lines: string[] = [];
const folder = mkdtempSync(join(tmpdir(), 'vantage-test-'));

for (const stage of STAGES) {
  if (only.length > 0 && !only.includes(stage.name)) continue;
  console.log(`\n=== ${stage.name}`);
  const countsPath = join(folder, `${stage.name}.json`);
  const [program, ...args] = stage.command;
  const began = performance.now();
  const result = spawnSync(program, args, {
    stdio: 'inherit',
    env: { ...process.env, VANTAGE_TEST_COUNTS: countsPath },
    shell: process.platform === 'win32',
  });
  const seconds = Math.round((performance.now() - began) / 1000);
  const passed = result.status === 0;
  const counts = stage.vitest
    ? readCounts(countsPath)
    : { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0, reasons: [], failures: [] };
  if (!passed && counts.failed === 0) counts.failed = 1;
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
  total.reasons.push(...counts.reasons);
  total.failures.push(...counts.failures.map((failure) => `${stage.name}: ${failure}`));
  lines.push(
    `${counts.failed === 0 ? 'passed' : 'FAILED'}  ${stage.name}: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped (${seconds} s)`,
  );
}

rmSync(folder, { recursive: true, force: true });
console.log(`\n=== summary\n${lines.join('\n')}`);
for (const failure of total.failures) console.log(`FAILED  ${failure}`);
for (const reason of total.reasons) console.log(`skipped  ${reason}`);
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;

/** A stage that died before its reporter wrote anything has passed nothing. */
function readCounts(path: string): Counts {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Counts;
  } catch {
    return { passed: 0, failed: 1, skipped: 0, reasons: [], failures: [] };
  }
}
