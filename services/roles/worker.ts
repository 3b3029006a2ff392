import { hostname } from 'node:os';
import { type Consumer, consume } from '../outbox/consume.ts';
import { ReplayRunner } from '../replay/runner.ts';
import { startResolver } from '../resolver/resolver.ts';
import { ledgerCleanup } from '../tasks/ledger-cleanup.ts';
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
  const replays = new ReplayRunner({
    bus,
    database,
    warehouse,
    process: `${hostname()}/${process.pid}`,
    onError,
  });
  replays.start();
  closing.push(() => replays.stop());
  await server.register(taskRoutes, {
    tasks: new Map([
      ['ledger-cleanup', ledgerCleanup(database, config.ledgerDays)],
      ['replay-sweep', () => replays.look()],
    ]),
    verifyToken: verifyTaskToken,
  });
}
