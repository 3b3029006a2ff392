import { Reconciler } from '../reconcile/reconciler.ts';
import { reconcileSettings } from '../reconcile/settings.ts';
import type { Parts } from './parts.ts';

/** The reconciler of a role; those of all processes take turns. */
export function makeReconciler({
  config,
  logger,
  onError,
  platform,
}: Pick<Parts, 'config' | 'logger' | 'onError' | 'platform'>): Reconciler {
  const { bus, database, warehouse } = platform;
  return new Reconciler({
    bus,
    database,
    warehouse,
    settings: reconcileSettings(config),
    ledgerDays: config.ledgerDays,
    log: logger,
    onError,
  });
}
