import { defineConfig } from 'vitest/config';

/** Slow suites that drive whole processes and browsers run one file after the other. */
const node = { environment: 'node', retry: 0, pool: 'forks' } as const;

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          ...node,
          name: 'unit',
          include: [
            'electron/**/*.test.ts',
            'native/**/*.test.ts',
            'renderer/**/*.test.{ts,tsx}',
            'test/*.test.ts',
            'test/bench/**/*.test.ts',
          ],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          ...node,
          name: 'cloud',
          include: ['workflows/{api,database}/**/*.test.ts', 'workflows/*.test.ts', 'test/cloud/**/*.test.ts'],
          globalSetup: ['workflows/database/testing/global-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          ...node,
          name: 'workflows',
          include: [
            'workflows/{temporal,definitions,activities,client,codec,worker,operations,archive,schedules}/**/*.test.ts',
            'test/workflows/**/*.test.ts',
          ],
          globalSetup: ['workflows/testing/global-setup.ts'],
          setupFiles: ['workflows/testing/quiet-runtime.ts'],
          // One server, one bundle, workers that poll: one file after the other.
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          ...node,
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 240_000,
          hookTimeout: 240_000,
        },
      },
    ],
  },
});
