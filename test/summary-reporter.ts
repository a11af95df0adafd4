/** Adds up what ran, names what failed and what was skipped with its reason, and leaves that where `test/run.ts` finds it. */
import { writeFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
  /** "name: reason" of each skipped test. */
  reasons: string[];
  /** "name: first words of the error" of each failure, also of those outside of any test. */
  failures: string[];
}

/** Long enough to tell what was expected, short enough for a list. */
const WORDS_OF_ERROR = 600;

function words(error: unknown): string {
  const message = (error as { message?: unknown } | null)?.message;
  const stack = (error as { stack?: unknown } | null)?.stack;
  const where = typeof stack === 'string' ? /\n\s+at .*/u.exec(stack)?.[0]?.trim() : undefined;
  return `${String(message ?? error).slice(0, WORDS_OF_ERROR)}${where === undefined ? '' : ` (${where})`}`;
}

export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const counts: Counts = { passed: 0, failed: unhandledErrors.length, skipped: 0, reasons: [], failures: [] };
    for (const error of unhandledErrors) counts.failures.push(`outside of any test: ${words(error)}`);
    for (const module of modules) {
      if (module.errors().length > 0) counts.failed += 1;
      for (const error of module.errors()) counts.failures.push(`${module.moduleId}: ${words(error)}`);
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') counts.passed += 1;
        else if (result.state === 'failed') {
          counts.failed += 1;
          for (const error of result.errors) counts.failures.push(`${test.fullName}: ${words(error)}`);
        } else {
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
