import type { Bus } from '#platform/bus/bus.ts';
import type { Database } from '#platform/database/database.ts';
import type { Secrets } from '#platform/secrets/secrets.ts';
import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import { adapterCheck } from './adapter-check.ts';
import { alertCheck } from './alert-check.ts';
import { connectionCheck, scopeCheck } from './connection-check.ts';
import { contractCheck } from './contract-check.ts';
import { credentialCheck } from './credential-check.ts';
import { healthCheck } from './health-check.ts';
import type { ReadinessCheck } from './readiness.ts';
import { storeCheck } from './store-check.ts';
import { webhookCheck } from './webhook-check.ts';

export interface ReadinessOptions {
  readonly bus: Bus;
  readonly canaryMinutes: number;
  readonly database: Database;
  readonly flushLog: () => Promise<unknown>;
  readonly publicUrl: () => string;
  readonly secrets: Secrets;
  readonly warehouse: Warehouse;
}

/** Every precondition of onboarding a provider, in the order in which they are met. */
export function readinessChecks(options: ReadinessOptions): readonly ReadinessCheck[] {
  return [
    adapterCheck,
    connectionCheck,
    credentialCheck(options.secrets),
    scopeCheck,
    storeCheck(options),
    webhookCheck(options),
    contractCheck(options.publicUrl),
    healthCheck,
    alertCheck(options.database),
  ];
}
