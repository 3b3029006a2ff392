import type { ConnectionFacts } from './facts.ts';
import type { Finding } from './finding.ts';
import type { ReadinessCheck } from './readiness.ts';

/** The provider answers the connection's calls. */
export const healthCheck: ReadinessCheck = {
  name: 'health',
  look: async ({ connections, nowMs }) => connections.map((one) => healthOf(one, nowMs)),
};

/** As many intervals without a check mean that nobody checks. */
const MISSED_INTERVALS = 3;

function healthOf({ id, credential, health }: ConnectionFacts, nowMs: number): Finding {
  const finding = { check: 'health', connectionId: id };
  if (!credential) {
    const evidence = 'It only receives, so there is no call to check.';
    return { ...finding, state: 'not_applicable', evidence };
  }
  const next = `npx tributary connections check ${id}`;
  if (!health?.last_check_at) {
    return { ...finding, state: 'gap', evidence: 'It was not checked yet.', next };
  }
  if (health.last_outcome === null) {
    const evidence =
      'Its settings do not say how the provider is called, so there is nothing to check.';
    return { ...finding, state: 'not_applicable', evidence };
  }
  const evidence = `The check at ${health.last_check_at.toISOString()} ${health.last_outcome === 'ok' ? 'was answered' : 'failed'}; the circuit is ${health.circuit.replace('_', ' ')}.`;
  if (health.last_outcome !== 'ok' || health.circuit !== 'closed') {
    return { ...finding, state: 'gap', evidence, next };
  }
  const ageMs = nowMs - health.last_check_at.getTime();
  if (ageMs > MISSED_INTERVALS * health.interval_seconds * 1_000) {
    return { ...finding, state: 'warning', evidence: `${evidence} Checks are overdue.`, next };
  }
  return { ...finding, state: 'ok', evidence };
}
