import type { z } from 'zod';
import type { TenantDatabase } from '#platform/database/tenant-database.ts';
import { NotFound } from '#schemas/problems.ts';
import type { Owner } from '../connections/store.ts';
import type { CheckResult } from './check.ts';
import { retryAtMs } from './circuit.ts';
import { spreadOf } from './circuits.ts';
import type { LogLine } from './connection-log.ts';
import { type ConnectionFacts, readAllFacts, readFacts } from './health-facts.ts';
import { healthOf } from './health-status.ts';
import type {
  checkAnswerSchema,
  connectionHealthSchema,
  healthTotalsSchema,
  logPageSchema,
} from './schemas.ts';
import { readRecentErrors, readWindows } from './windows.ts';

/**
 * How well a connection is, as the API shows it; all of one moment.
 *
 * @throws NotFound also when it is another's
 */
export async function viewHealth(
  database: TenantDatabase,
  owner: Owner,
  id: string,
): Promise<z.infer<typeof connectionHealthSchema>> {
  return database.transaction(async (tx) => {
    const facts = await readFacts(tx, owner, id);
    if (!facts) throw new NotFound(`There is no connection ${id.slice(0, 60)}.`);
    const checked = { id, tenantId: owner.tenantId };
    const windows = await readWindows(tx, checked);
    const errors = await readRecentErrors(tx, checked);
    return {
      ...shownFacts(facts),
      windows,
      recent_errors: errors.map((one) => ({ ...one, checked_at: one.checked_at.toISOString() })),
    };
  });
}

function shownFacts(facts: ConnectionFacts) {
  const { circuit } = facts;
  const isChecked = facts.status !== 'inactive' && !facts.isDisconnected;
  return {
    connection_id: facts.id,
    ...healthOf(facts),
    interval_seconds: facts.intervalSeconds,
    last_check_at: instant(facts.lastCheckAtMs),
    last_outcome: facts.lastOutcome,
    next_check_at: isChecked ? instant(facts.nextCheckAtMs) : null,
    circuit: {
      state: circuit.state,
      failures_in_a_row: circuit.failuresInARow,
      since: instant(circuit.sinceMs),
      retry_at: instant(retryAtMs(circuit, spreadOf(facts.id, circuit))),
    },
  };
}

/** How many of the connections that the organisation may see are how well. */
export async function viewTotals(
  database: TenantDatabase,
  owner: Owner,
): Promise<z.infer<typeof healthTotalsSchema>> {
  const all = await readAllFacts(database, owner);
  const totals = {
    connections: all.length,
    by_health: { healthy: 0, degraded: 0, failing: 0, unknown: 0 },
    by_status: { active: 0, inactive: 0, error: 0, disconnected: 0 },
    circuits_open: 0,
  };
  for (const facts of all) {
    totals.by_health[healthOf(facts).status] += 1;
    totals.by_status[facts.isDisconnected ? 'disconnected' : facts.status] += 1;
    if (facts.circuit.state !== 'closed') totals.circuits_open += 1;
  }
  return totals;
}

/** What a check found out, as the API shows it. */
export function shownResult(id: string, result: CheckResult): z.infer<typeof checkAnswerSchema> {
  return {
    connection_id: id,
    outcome: result.outcome,
    code: 'code' in result ? result.code : null,
    detail: 'detail' in result ? result.detail : null,
    duration_ms: 'durationMs' in result ? result.durationMs : null,
    account: result.outcome === 'ok' ? result.account : null,
  };
}

/** A line of a connection's log, as the API shows it. */
export function shownLine({
  id,
  logged_at,
  data,
  ...line
}: LogLine): z.infer<typeof logPageSchema>['logs'][number] {
  const { occurrences = 1, last_at = logged_at.toISOString(), ...own } = data;
  return {
    logged_at: logged_at.toISOString(),
    ...line,
    data: own,
    occurrences: Number(occurrences),
    last_at: new Date(String(last_at)).toISOString(),
  };
}

function instant(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString();
}
