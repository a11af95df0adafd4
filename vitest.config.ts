import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['electron/**/*.test.ts', 'native/**/*.test.ts', 'renderer/**/*.test.ts', 'renderer/**/*.test.tsx', 'test/*.test.ts'],
    environment: 'node',
    testTimeout: 20_000,
    retry: 0,
    pool: 'forks',
    maxWorkers: 2,
  },
});
