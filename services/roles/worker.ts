import { consume } from '../consumers/consume.ts';
import type { Consumer } from '../consumers/consumer.ts';
import { ConsumerMetrics } from '../consumers/consumer-metrics.ts';
import { keepDeadLetters } from '../dead-letters/keeper.ts';
import { startResolver } from '../resolver/resolver.ts';
import { ledgerCleanup } from '../tasks/ledger-cleanup.ts';
import { taskRoutes } from '../tasks/routes.ts';
import type { Parts } from './parts.ts';

/** The role that acts on events and does what the scheduler asks for. */
export async function startWorker(parts: Parts, consumers: readonly Consumer[]): Promise<void> {
  const { closing, config, directory, onError, platform, server } = parts;
  const { bus, database, verifyTaskToken } = platform;
  const operatorTenantId = config.tenantId;
  const metrics = new ConsumerMetrics(parts.metrics);
  for (const consumer of consumers) {
    const running = await consume(bus, database, consumer, { metrics, operatorTenantId, onError });
    closing.push(() => running.close());
  }
  const keeper = await keepDeadLetters({ bus, database, operatorTenantId });
  closing.push(() => keeper.close());
  const resolver = await startResolver({
    bus,
    database,
    directory,
    outbox: parts.outbox,
    onError,
  });
  closing.push(() => resolver.close());
  await server.register(taskRoutes, {
    tasks: new Map([['ledger-cleanup', ledgerCleanup(database, config.ledgerDays)]]),
    verifyToken: verifyTaskToken,
  });
}
