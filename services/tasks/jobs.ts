import type { JobSpec } from '#platform/scheduler/scheduler.ts';

/** What runs by the clock. Each task named here is registered in main.ts. */
export const JOBS: readonly JobSpec[] = [
  { name: 'ledger-cleanup', schedule: '17 * * * *', task: 'ledger-cleanup' },
  { name: 'ledger-export', schedule: '* * * * *', task: 'ledger-export' },
];
