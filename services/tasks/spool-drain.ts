import type { Outbox } from '../outbox/open-outbox.ts';
import type { Task } from './routes.ts';

/**
 * Carries what waits in the spool, whichever process left it there: also one that is gone. Throws while
 * neither store takes it, so that the scheduler tries again.
 */
export function spoolDrain(outbox: () => Promise<Outbox>): Task {
  return async () => ({ carried: await (await outbox()).drainSpool() });
}
