import { type Consumer, consume } from '../outbox/consume.ts';
import { startResolver } from '../resolver/resolver.ts';
import { ledgerCleanup } from '../tasks/ledger-cleanup.ts';
import { ledgerExport } from '../tasks/ledger-export.ts';
import { taskRoutes } from '../tasks/routes.ts';
import type { Parts } from './parts.ts';

/** The role that acts on events and does what the scheduler asks for. */
export async function startWorker(parts: Parts, consumers: readonly Consumer[]): Promise<void> {
  const { closing, config, directory, onError, platform, server } = parts;
  const { bus, database, verifyTaskToken, warehouse } = platform;
  for (const consumer of consumers) {
    const subscription = await consume(bus, database, consumer);
    closing.push(() => subscription.close());
  }
  const resolver = await startResolver({
    bus,
    database,
    directory,
    outbox: parts.outbox,
    onError,
  });
  closing.push(() => resolver.close());
  const keepDays = config.ledgerDays;
  await server.register(taskRoutes, {
    tasks: new Map([
      ['ledger-cleanup', ledgerCleanup(database, keepDays)],
      ['ledger-export', ledgerExport({ database, warehouse, keepDays })],
    ]),
    verifyToken: verifyTaskToken,
  });
}
