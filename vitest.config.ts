import { defineConfig } from 'vitest/config';

/** What leaves nothing in its process: files of one worker may share its modules. */
const UNITS = [
  ...['adapters', 'schemas', 'cli', 'client', 'scripts', 'services'],
  ...['access', 'api', 'connections', 'docs', 'http', 'oauth', 'provider-api', 'registrations'].map(
    (dir) => `tests/${dir}`,
  ),
].map((dir) => `${dir}/**/*.test.ts`);

export default defineConfig({
  test: {
    pool: 'forks',
    // Two at a time also on larger machines: several files open real databases and real servers.
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 30_000,
    execArgv: ['--liftoff-only'],
    projects: [
      { extends: true, test: { name: 'units', include: UNITS, isolate: false } },
      {
        extends: true,
        test: {
          name: 'parts',
          include: ['**/*.test.ts'],
          exclude: ['node_modules/**', '.tributary/**', ...UNITS],
        },
      },
    ],
  },
});
