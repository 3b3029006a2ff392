import type { Database } from '#platform/database/database.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { Circuits } from './circuits.ts';
import { HealthChecker, type HealthCheckerOptions } from './health-checker.ts';
import { countChecks } from './measure.ts';

export interface HealthOptions
  extends Pick<HealthCheckerOptions, 'check' | 'onError' | 'onPermanentFailure'> {
  readonly database: Database;
  readonly metrics: Metrics;
}

/** What tells and minds how well connections are. */
export interface Health {
  readonly checker: HealthChecker;
  /** To be asked and told by whoever calls providers. */
  readonly circuits: Circuits;
}

export function openHealth({ metrics, ...options }: HealthOptions): Health {
  const circuits = new Circuits(options);
  const onCheck = countChecks(metrics);
  return { circuits, checker: new HealthChecker({ ...options, circuits, onCheck }) };
}
