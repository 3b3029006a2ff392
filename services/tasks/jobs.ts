import type { JobSpec } from '#platform/scheduler/scheduler.ts';

/** What runs by the clock. Each task named here is registered in main.ts. */
export const JOBS: readonly JobSpec[] = [
  { name: 'ledger-cleanup', schedule: '17 * * * *', task: 'ledger-cleanup' },
  { name: 'replay-sweep', schedule: '* * * * *', task: 'replay-sweep' },
  { name: 'reconcile', schedule: '*/5 * * * *', task: 'reconcile' },
  // Between two runs of the other: one at a time may compare.
  { name: 'reconcile-deep', schedule: '42 3 * * *', task: 'reconcile-deep' },
  { name: 'canary', schedule: '* * * * *', task: 'canary' },
  { name: 'connection-changes', schedule: '* * * * *', task: 'connection-changes' },
  { name: 'spool-drain', schedule: '* * * * *', task: 'spool-drain' },
  { name: 'webhook-renewal', schedule: '*/5 * * * *', task: 'webhook-renewal' },
  { name: 'ledger-export', schedule: '* * * * *', task: 'ledger-export' },
];
