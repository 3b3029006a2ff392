import type { HealthChecker } from '../health/health-checker.ts';
import type { Task } from './routes.ts';

/** Checks the connections that are due. */
export function healthChecks(checker: HealthChecker): Task {
  return async () => ({ ...(await checker.run()) });
}
