import { type Consumer, consume } from '../outbox/consume.ts';
import { recordPassage } from '../proof/record-passage.ts';
import { startResolver } from '../resolver/resolver.ts';
import { ledgerCleanup } from '../tasks/ledger-cleanup.ts';
import { deepReconcileTask, reconcileTask } from '../tasks/reconcile.ts';
import { taskRoutes } from '../tasks/routes.ts';
import type { Parts } from './parts.ts';
import { makeReconciler } from './reconciler.ts';

/** The role that acts on events and does what the scheduler asks for. */
export async function startWorker(parts: Parts, consumers: readonly Consumer[]): Promise<void> {
  const { closing, config, directory, onError, platform, server } = parts;
  const { bus, database, verifyTaskToken, warehouse } = platform;
  if (platform.recordsPassage) {
    // First of all: what the outbox carries again when it is opened must be recorded too.
    const recorder = await recordPassage({ bus, warehouse, onError });
    closing.push(() => recorder.close());
  }
  const reconciler = makeReconciler(parts);
  await reconciler.begin();
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
  await server.register(taskRoutes, {
    tasks: new Map([
      ['ledger-cleanup', ledgerCleanup(database, config.ledgerDays)],
      ['reconcile', reconcileTask(reconciler)],
      ['reconcile-deep', deepReconcileTask(reconciler)],
    ]),
    verifyToken: verifyTaskToken,
  });
}
