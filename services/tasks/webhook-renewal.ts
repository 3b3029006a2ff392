import { type SweepOptions, sweepRegistrations } from '../registrations/sweep.ts';
import type { Task } from './routes.ts';

/** Registers, extends and removes what is due of the webhooks that providers keep. */
export function webhookRenewal(options: SweepOptions): Task {
  return async () => {
    const report = await sweepRegistrations(options);
    return report === undefined ? { skipped: 'another process is at it' } : { ...report };
  };
}
