import type { Database } from '#platform/database/database.ts';
import { EVENTS_TOPIC } from '#schemas/topics.ts';
import type { ReadinessCheck } from './readiness.ts';

/** A change that was told in this time was told soon enough. */
const LATE_SECONDS = 300;

/**
 * Failures of connections are told as events of type connection.failed: none of the tenant's waits, and
 * somebody consumes events.
 *
 * @param database the server's own: what waits is no tenant's to read
 */
export function alertCheck(database: Database): ReadinessCheck {
  return {
    name: 'alerts',
    look: async ({ scope }) => {
      const finding = { check: 'alerts', connectionId: null };
      const [waiting] = await database.query<{ late: number }>(
        `SELECT count(*)::int AS late FROM connection_changes
         WHERE tenant_id = $1
           AND (change ->> 'changed_at')::timestamptz < now() - make_interval(secs => $2)`,
        [scope.tenantId, LATE_SECONDS],
      );
      const consumers = await database.query<{ name: string; state: string }>(
        'SELECT name, state FROM consumers WHERE topic = $1 ORDER BY name',
        [EVENTS_TOPIC],
      );
      const late = waiting?.late ?? 0;
      if (late > 0) {
        return [
          {
            ...finding,
            state: 'gap',
            evidence: `${late} changes of connections have waited for more than ${LATE_SECONDS / 60} minutes to be told.`,
            next: 'The task connection-changes does it each minute; see the log of the worker.',
          },
        ];
      }
      const running = consumers.filter(({ state }) => state === 'running');
      if (running.length > 0) {
        const names = running.map(({ name }) => name).join(', ');
        return [
          {
            ...finding,
            state: 'ok',
            evidence: `connection.failed and connection.recovered are told within a minute; consumers: ${names}.`,
          },
        ];
      }
      return [
        {
          ...finding,
          state: 'warning',
          evidence:
            'connection.failed and connection.recovered are told, and no consumer is registered.',
          next: 'Follow them at GET /v1/events?event_type=connection.failed, or add a consumer.',
        },
      ];
    },
  };
}
