import { ReconcileRunning } from '#schemas/problems.ts';
import type { Reconciler } from '../reconcile/reconciler.ts';
import type { Task } from './routes.ts';

/** Compares what came since the last run. Does nothing while another run is under way. */
export function reconcileTask(reconciler: Reconciler): Task {
  return async () => {
    try {
      return (await reconciler.run({ kind: 'scheduled' })).report;
    } catch (error) {
      if (error instanceof ReconcileRunning) return { skipped: error.code };
      throw error;
    }
  };
}

/** Compares the last days once more. Throws while another run is under way: it is to be tried again. */
export function deepReconcileTask(reconciler: Reconciler): Task {
  return async () => (await reconciler.run({ kind: 'deep' })).report;
}
