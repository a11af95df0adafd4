/** For tests that need a real Temporal server: without one they are skipped by name, with the reason. */
import type { TestContext } from 'vitest';
import { inject } from 'vitest';

export interface TestServer {
  readonly program: string;
  readonly address: string;
  readonly namespace: string;
}

export function needsTemporal(context: Pick<TestContext, 'skip'>): TestServer {
  return inject('temporal') ?? context.skip(`no Temporal server: ${inject('noTemporal')}`);
}
