/** Adds up what ran, names what was skipped with its reason, and leaves the counts where `test/run.ts` finds them. */
import { writeFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
  /** "name: reason" of each skipped test. */
  reasons: string[];
}

export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const counts: Counts = { passed: 0, failed: unhandledErrors.length, skipped: 0, reasons: [] };
    for (const module of modules) {
      if (module.errors().length > 0) counts.failed += 1;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') counts.passed += 1;
        else if (result.state === 'failed') counts.failed += 1;
        else {
          counts.skipped += 1;
          const note = result.state === 'skipped' ? result.note : undefined;
          counts.reasons.push(`${test.fullName}: ${note ?? 'no reason given'}`);
        }
      }
    }
    const path = process.env['VANTAGE_TEST_COUNTS'];
    if (path !== undefined) writeFileSync(path, JSON.stringify(counts));
  }
}
