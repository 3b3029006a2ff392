import type { Warehouse } from '#platform/warehouse/warehouse.ts';
import type { ConnectionFacts, RegistrationFacts } from './facts.ts';
import type { Finding } from './finding.ts';
import type { ReadinessCheck } from './readiness.ts';

export interface WebhookCheckOptions {
  readonly warehouse: Warehouse;
  /** Brings requests that are still in memory to the log. */
  readonly flushLog: () => Promise<unknown>;
}

/** Webhooks are registered where the provider lets us, and one was verified. */
export function webhookCheck({ warehouse, flushLog }: WebhookCheckOptions): ReadinessCheck {
  return {
    name: 'webhook',
    look: async ({ adapter, connections, nowMs, path, scope }) => {
      if (path !== 'webhook') return [];
      await flushLog();
      const found = await Promise.all(
        connections.map(async (connection) => [
          ...registrations(connection, adapter.api?.webhooks !== undefined),
          await lastVerified(warehouse, scope.tenantId, connection, nowMs),
        ]),
      );
      return found.flat();
    },
  };
}

function registrations(
  { id, registrations: found, credential }: ConnectionFacts,
  byApi: boolean,
): Finding[] {
  const finding = { check: 'registration', connectionId: id };
  if (found.length > 0) return found.map((one) => ({ ...finding, ...stateOf(one) }));
  if (byApi && credential) {
    return [
      {
        ...finding,
        state: 'gap',
        evidence: 'No webhook is registered at the provider.',
        next: `Register them: POST /v1/connections/${id}/registrations/sync`,
      },
    ];
  }
  return [
    {
      ...finding,
      state: 'not_applicable',
      evidence: 'Webhooks of this provider are set up by hand; the last one that came shows it.',
    },
  ];
}

function stateOf(one: RegistrationFacts): Pick<Finding, 'state' | 'evidence' | 'next'> {
  if (one.state === 'active') {
    const until = one.expires_at ? `until ${one.expires_at.toISOString()}` : 'without an end';
    return { state: 'ok', evidence: `${one.resource} is registered ${until}.` };
  }
  return {
    state: one.state === 'failed' ? 'gap' : 'warning',
    evidence: `${one.resource} is ${one.state}: ${one.failure_detail ?? 'the provider has not answered yet.'}`,
    next: 'The renewal task tries again; what the provider refused has to be put right there.',
  };
}

/** How far back a webhook counts. */
const RECENT_DAYS = 30;
const DAY_MS = 86_400_000;

async function lastVerified(
  warehouse: Warehouse,
  tenantId: string,
  { id }: ConnectionFacts,
  nowMs: number,
): Promise<Finding> {
  const finding = { check: 'last_verified', connectionId: id };
  const [event] = await warehouse.query<{ received_at: string; event_type: string }>(
    'latest-webhook-event',
    {
      tenant_id: tenantId,
      connection_id: id,
      received_from: new Date(nowMs - RECENT_DAYS * DAY_MS).toISOString(),
    },
  );
  const [refused] = await warehouse.query<{
    received_at: string;
    reason: string | null;
    outcome: string;
  }>('webhook-requests', {
    ...{ tenant_id: tenantId, org_id: null, with_unknown: false, connection_id: id, row_limit: 1 },
    ...{ before_received_at: null, before_request_id: null, before_occurrences: null },
  });
  const isRefused =
    refused?.outcome === 'rejected' && refused.received_at > (event?.received_at ?? '');
  if (isRefused) {
    return {
      ...finding,
      state: 'gap',
      evidence: `The latest request, received ${refused.received_at}, was refused: ${refused.reason ?? 'no reason was noted'}.`,
      next: 'docs/errors.md says what to look for.',
    };
  }
  if (event) {
    return {
      ...finding,
      state: 'ok',
      evidence: `${event.event_type} was received and verified ${event.received_at}.`,
    };
  }
  return {
    ...finding,
    state: 'gap',
    evidence: `No webhook was verified in ${RECENT_DAYS} days.`,
    next: `Have the provider send one to the connection's URL: npx tributary connections url ${id}`,
  };
}
