import type { Bus } from '#platform/bus/bus.ts';
import type { Queryable } from '#platform/database/database.ts';
import { forTenant, type TenantDatabase } from '#platform/database/tenant-database.ts';
import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import { Problem } from '#schemas/problem.ts';
import { EVENTS_TOPIC } from '#schemas/topics.ts';
import type { CanaryFacts } from './facts.ts';
import type { Finding } from './finding.ts';
import type { ReadinessCheck } from './readiness.ts';

export interface StoreCheckOptions {
  readonly bus: Bus;
  readonly database: TenantDatabase;
  readonly warehouse: Warehouse;
  /** Minutes between canaries; 0 when none are sent. */
  readonly canaryMinutes: number;
}

const MINUTE_MS = 60_000;
/** As many intervals without an arrival mean that the way is not open. */
const MISSED_INTERVALS = 3;

/**
 * Outbox and bus can be reached. That they can be written is shown by canaries: synthetic events that go
 * the whole way.
 */
export function storeCheck(options: StoreCheckOptions): ReadinessCheck {
  const { bus, database, warehouse } = options;
  return {
    name: 'outbox',
    look: async ({ connections, nowMs, scope }) => [
      await reachable('outbox', 'The outbox', () => warehouse.check()),
      await reachable('bus', `The topic ${EVENTS_TOPIC}`, () => bus.check(EVENTS_TOPIC)),
      ...(await Promise.all(
        connections.map(async ({ id }) => {
          // Canaries are of the platform level; who sees the connection may know of its own.
          const reader = forTenant(database, { ...scope, reach: 'tenant' });
          return wayOf(id, await latestCanary(reader, scope.tenantId, id), options, nowMs);
        }),
      )),
    ],
  };
}

async function reachable(
  check: string,
  what: string,
  ask: () => Promise<unknown>,
): Promise<Finding> {
  try {
    await ask();
    return { check, connectionId: null, state: 'ok', evidence: `${what} answers.` };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const next = 'See what /readyz says; `npx tributary doctor` names what is missing.';
    const evidence = `${what} does not answer: ${error.message} [${error.code}]`;
    return { check, connectionId: null, state: 'gap', evidence, next };
  }
}

async function latestCanary(
  database: Queryable,
  tenantId: string,
  connectionId: string,
): Promise<CanaryFacts | undefined> {
  const [latest] = await database.query<CanaryFacts>(
    `SELECT sent_at, outboxed, published, consumed_at FROM canaries
     WHERE tenant_id = $1 AND connection_id = $2
     ORDER BY (outboxed AND published AND consumed_at IS NOT NULL) DESC, sent_at DESC LIMIT 1`,
    [tenantId, connectionId],
  );
  return latest;
}

function wayOf(
  connectionId: string,
  canary: CanaryFacts | undefined,
  { canaryMinutes }: StoreCheckOptions,
  nowMs: number,
): Finding {
  const finding = { check: 'whole_way', connectionId };
  if (canaryMinutes === 0) {
    return {
      ...finding,
      state: 'warning',
      evidence: 'No canaries are sent, so nothing shows that outbox and bus take events.',
      next: 'Set TRIBUTARY_CANARY_MINUTES.',
    };
  }
  if (!canary) {
    return {
      ...finding,
      state: 'warning',
      evidence: 'No canary of this connection was sent yet.',
      next: `One is sent within ${canaryMinutes} minutes while it is active; ask again then.`,
    };
  }
  const passed = [
    canary.outboxed ? 'stored' : 'not stored',
    canary.published ? 'carried' : 'not carried',
    canary.consumed_at ? 'consumed' : 'not consumed',
  ].join(', ');
  const isWhole = canary.outboxed && canary.published && canary.consumed_at !== null;
  const isFresh = nowMs - canary.sent_at.getTime() < MISSED_INTERVALS * canaryMinutes * MINUTE_MS;
  return {
    ...finding,
    state: isWhole && isFresh ? 'ok' : isWhole ? 'gap' : 'warning',
    evidence: `The canary sent ${canary.sent_at.toISOString()} was ${passed}.`,
    ...(!(isWhole && isFresh) && { next: 'npx tributary canaries shows where they stay.' }),
  };
}
