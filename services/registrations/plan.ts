import type { RegisteredWith, Registration } from './registration.ts';

/** What is to be done about one webhook. */
export type Step =
  | {
      readonly kind: 'register';
      readonly resource: string;
      readonly row?: Registration | undefined;
    }
  | { readonly kind: 'renew'; readonly resource: string; readonly row: Registration }
  | { readonly kind: 'remove'; readonly resource: string; readonly row: Registration };

export interface PlanInput {
  /** Resources that should be registered. */
  readonly wanted: readonly string[];
  readonly rows: readonly Registration[];
  /** What they should be registered with; undefined when that is not looked at now. */
  readonly target: RegisteredWith | undefined;
  readonly nowMs: number;
  /** Also what is not due, and what waits for its next attempt. */
  readonly all?: boolean;
}

const HOUR_MS = 3_600_000;

/**
 * What has to be done so that the provider keeps what is wanted, and nothing else. What failed waits for
 * its time; what is cut off is done again.
 */
export function planSteps({ wanted, rows, target, nowMs, all = false }: PlanInput): Step[] {
  const waits = (row: Registration) => !all && row.retryAtMs !== null && row.retryAtMs > nowMs;
  const steps: Step[] = rows
    .filter((row) => !wanted.includes(row.resource) && !waits(row))
    .map((row) => ({ kind: 'remove', resource: row.resource, row }));
  for (const resource of wanted) {
    const row = rows.find((one) => one.resource === resource);
    if (row === undefined) steps.push({ kind: 'register', resource });
    else if (waits(row)) continue;
    else if (row.renewedAtMs === null) steps.push({ kind: 'register', resource, row });
    else if (all || row.state !== 'active' || isDue(row, nowMs) || isOther(row, target)) {
      steps.push({ kind: 'renew', resource, row });
    }
  }
  return steps;
}

/** Whether a webhook ends within the last third of its life, or within the hour if that is longer. */
export function isDue(row: Registration, nowMs: number): boolean {
  if (row.expiresAtMs === null) return false;
  const lifeMs = row.expiresAtMs - (row.renewedAtMs ?? row.createdAtMs);
  return row.expiresAtMs - nowMs <= Math.max(lifeMs / 3, HOUR_MS);
}

function isOther({ registered }: Registration, target: RegisteredWith | undefined): boolean {
  return (
    target !== undefined &&
    (registered.secretVersion !== target.secretVersion || registered.url !== target.url)
  );
}

/** A minute after the first failure, then twice as long each time, up to an hour. */
export function retryDelayMs(failures: number, statedSeconds = 0): number {
  const delayMs = Math.min(HOUR_MS, 60_000 * 2 ** Math.min(failures - 1, 10));
  return Math.max(delayMs, statedSeconds * 1_000);
}

/** What was refused may have been put right at the provider: it is asked again four times a day. */
export const REFUSED_RETRY_MS = 6 * HOUR_MS;
