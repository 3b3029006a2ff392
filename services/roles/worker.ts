import { type Consumer, consume } from '../outbox/consume.ts';
import { ledgerCleanup } from '../tasks/ledger-cleanup.ts';
import { taskRoutes } from '../tasks/routes.ts';
import type { Parts } from './parts.ts';

/** The role that acts on events and does what the scheduler asks for. */
export async function startWorker(
  { closing, config, platform, server }: Parts,
  consumers: readonly Consumer[],
): Promise<void> {
  const { bus, database, verifyTaskToken } = platform;
  for (const consumer of consumers) {
    const subscription = await consume(bus, database, consumer);
    closing.push(() => subscription.close());
  }
  await server.register(taskRoutes, {
    tasks: new Map([['ledger-cleanup', ledgerCleanup(database, config.ledgerDays)]]),
    verifyToken: verifyTaskToken,
  });
}
