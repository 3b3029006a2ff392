import type { Database } from '#platform/database/database.ts';
import type { MissingEvent } from './audit-report.ts';
import { healsBy } from './heals.ts';
import { type AuditWindow, minuteOf, toInstant } from './window.ts';

interface WaitingRow {
  readonly event_id: string;
  readonly received_at: Date;
}

/** Events that wait in the spool: durable, and not in the outbox yet. */
export async function findSpooled(
  database: Database,
  tenantId: string,
  { fromMs, toMs }: AuditWindow,
  limit: number,
): Promise<MissingEvent[]> {
  const rows = await database.query<WaitingRow>(
    `SELECT event_id, received_at FROM spooled_events
     WHERE tenant_id = $1 AND received_at >= $2 AND received_at < $3
     ORDER BY seq LIMIT $4`,
    [tenantId, new Date(fromMs), new Date(toMs), limit],
  );
  return rows.map(({ event_id, received_at }) => {
    const ailing = { kind: 'in_spool', state: 'healing', minuteMs: minuteOf(received_at) } as const;
    return toMissing(event_id, ailing);
  });
}

/** Dead letters that nobody has settled: open ones wait for somebody, the others are tried again. */
export async function findDeadLetters(
  database: Database,
  tenantId: string,
  { fromMs, toMs }: AuditWindow,
  limit: number,
): Promise<MissingEvent[]> {
  const rows = await database.query<WaitingRow & { id: string; consumer: string; state: string }>(
    `SELECT id, event_id, received_at, consumer, state FROM dead_letters
     WHERE tenant_id = $1 AND received_at >= $2 AND received_at < $3
       AND state IN ('retrying', 'open', 'retried')
     ORDER BY received_at, event_id, consumer LIMIT $4`,
    [tenantId, new Date(fromMs), new Date(toMs), limit],
  );
  return rows.map(({ id, event_id, received_at, consumer, state }) =>
    toMissing(event_id, {
      kind: 'dead_letter',
      state: state === 'open' ? 'known' : 'healing',
      minuteMs: minuteOf(received_at),
      consumer,
      deadLetterId: id,
    }),
  );
}

/** An event of the report, with what heals it. */
export function toMissing(eventId: string, ailing: Parameters<typeof healsBy>[0]): MissingEvent {
  const { kind, state, minuteMs, consumer } = ailing;
  return {
    event_id: eventId,
    kind,
    minute: toInstant(minuteMs),
    ...(consumer !== undefined && { consumer }),
    state,
    heals: healsBy(ailing),
  };
}
