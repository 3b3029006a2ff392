import type { Platform } from '../platform/platform.ts';
import { Reconciler } from '../reconcile/reconciler.ts';
import { reconcileSettings } from '../reconcile/settings.ts';
import type { Parts } from './parts.ts';

type ReconcilerParts = Pick<Parts, 'config' | 'logger' | 'onError'> & {
  readonly platform: Pick<Platform, 'bus' | 'database' | 'warehouse'>;
};

/** The reconciler of a role; those of all processes take turns. */
export function makeReconciler({ config, logger, onError, platform }: ReconcilerParts): Reconciler {
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
