import { randomBytes } from 'node:crypto';
import type { Adapter } from '#adapters/kit/adapter.ts';
import { eventSchema, isObservation } from '#schemas/event.ts';
import { Problem } from '#schemas/problem.ts';
import { checkSettings } from '../connections/check-settings.ts';
import type { Connection } from '../connections/connection.ts';
import { buildEvents } from '../intake/build-events.ts';
import type { Finding } from './finding.ts';
import type { ReadinessCheck } from './readiness.ts';

const NAME = 'contracts';

/**
 * Sends every sample of the adapter through verification and mapping as a connection has them set, in
 * memory alone, and holds the events against the canonical schema: exact decimals included.
 */
export function contractCheck(publicUrl: () => string): ReadinessCheck {
  return {
    name: NAME,
    look: async ({ adapter, connections, nowMs }) =>
      connections.map((connection) => tryOut(adapter, connection, publicUrl(), nowMs)),
  };
}

function tryOut(
  adapter: Adapter,
  connection: Connection,
  publicUrl: string,
  nowMs: number,
): Finding {
  const finding = { check: NAME, connectionId: connection.id };
  const types = new Set<string>();
  let name = '';
  try {
    for (name of adapter.samples) {
      for (const type of eventTypesOf(adapter, connection, name, publicUrl, nowMs)) types.add(type);
    }
  } catch (error) {
    return {
      ...finding,
      state: 'gap',
      evidence: `The sample ${name} does not become events: ${reasonOf(error)}`,
      next: 'Correct the settings of the connection; `npx tributary adapters check` shows each step.',
    };
  }
  const told = [...types].map((type) => (isObservation(type) ? `${type} (to be resolved)` : type));
  return {
    ...finding,
    state: 'ok',
    evidence: `${adapter.samples.length} signed samples were verified and became valid events with exact decimals: ${told.join(', ')}.`,
  };
}

/** Hexadecimal, which is a key in every encoding that settings can name. */
const throwAwaySecret = () => randomBytes(16).toString('hex');

function eventTypesOf(
  adapter: Adapter,
  connection: Connection,
  name: string,
  publicUrl: string,
  nowMs: number,
): readonly string[] {
  const settings = checkSettings(adapter, connection.settings);
  const bound = adapter.bind(settings);
  const secret = throwAwaySecret();
  const url = `${publicUrl}/webhooks/${connection.provider}/${connection.id}`;
  const request = adapter.sample({ name, settings, secret, url, nowMs, sequence: nowMs });
  const verdict = bound.verify(request, [secret]);
  if (!verdict.verified) throw new Refused(`verification says ${verdict.reason}.`);
  const { drafts, skipped } = bound.webhook(request, [secret]);
  const [first] = skipped;
  if (drafts.length === 0) throw new Refused(first?.detail ?? 'it holds no event.');
  const receipt = { traceId: '0'.repeat(32), receivedAtMs: nowMs, source: 'webhook' } as const;
  return buildEvents(drafts, connection, receipt).map((event) => {
    const parsed = eventSchema.safeParse(event);
    if (parsed.success) return event.event_type;
    const [issue] = parsed.error.issues;
    throw new Refused(`/${issue?.path.join('/')} ${issue?.message}`);
  });
}

class Refused extends Error {}

function reasonOf(error: unknown): string {
  return error instanceof Refused || error instanceof Problem
    ? error.message
    : 'the adapter failed; that is a fault of ours.';
}
