import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    exclude: ['node_modules/**', '.tributary/**'],
    pool: 'forks',
    // Two at a time also on larger machines: several files open real databases and real servers.
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 30_000,
    execArgv: ['--liftoff-only'],
  },
});
