import { RESOLVER_SUBSCRIPTION } from '#schemas/topics.ts';

/** What Postgres counts for the loss ledger. */
export interface ExportSource {
  readonly measure: 'consumed' | 'spooled' | 'spool_waiting' | 'dead_lettered' | 'set_aside';
  /**
   * A SELECT of tenant_id, minute, consumer and total, of minutes from $1 on. With `changed` only of
   * minutes in which something was processed from $2 until before $3.
   */
  readonly sql: string;
  /** True where what is not selected has not changed; false where it is zero. */
  readonly changed: boolean;
}

/** Minute of receipt, not by the time zone of the session, which could have a fraction of a minute. */
export const MINUTE_OF_RECEIPT = "date_trunc('minute', received_at, 'UTC')";

/** The minutes that changed lately, each counted anew and in whole: late entries change old minutes. */
const CONSUMED = `
  SELECT touched.tenant_id, touched.minute, touched.consumer, counted.total
  FROM (
    SELECT DISTINCT consumer, tenant_id, ${MINUTE_OF_RECEIPT} AS minute
    FROM processed_events
    WHERE processed_at >= $2 AND processed_at < $3 AND received_at >= $1
  ) AS touched
  CROSS JOIN LATERAL (
    SELECT count(*) AS total FROM processed_events
    WHERE tenant_id = touched.tenant_id AND consumer = touched.consumer
      AND received_at >= touched.minute AND received_at < touched.minute + interval '1 minute'
  ) AS counted`;

const RESOLVED = `
  SELECT touched.tenant_id, touched.minute, '${RESOLVER_SUBSCRIPTION}' AS consumer, counted.total
  FROM (
    SELECT DISTINCT tenant_id, ${MINUTE_OF_RECEIPT} AS minute
    FROM resolved_observations
    WHERE resolved_at >= $2 AND resolved_at < $3 AND received_at >= $1
  ) AS touched
  CROSS JOIN LATERAL (
    SELECT count(*) AS total FROM resolved_observations
    WHERE tenant_id = touched.tenant_id
      AND received_at >= touched.minute AND received_at < touched.minute + interval '1 minute'
  ) AS counted`;

const SPOOLED = `
  SELECT tenant_id, minute, '' AS consumer, events AS total
  FROM spool_ledger WHERE minute >= $1`;

const SPOOL_WAITING = `
  SELECT tenant_id, ${MINUTE_OF_RECEIPT} AS minute, '' AS consumer, count(*) AS total
  FROM spooled_events WHERE received_at >= $1
  GROUP BY 1, 2`;

const DEAD_LETTERED = `
  SELECT tenant_id, ${MINUTE_OF_RECEIPT} AS minute, consumer, count(DISTINCT event_id) AS total
  FROM dead_letters WHERE received_at >= $1 AND state <> 'retrying'
  GROUP BY 1, 2, 3`;

/** What is tried again by itself counts too: it is known, and not lost. */
const SET_ASIDE = `
  SELECT tenant_id, ${MINUTE_OF_RECEIPT} AS minute, consumer, count(DISTINCT event_id) AS total
  FROM dead_letters AS letter
  WHERE received_at >= $1 AND state <> 'resolved'
    AND NOT EXISTS (
      SELECT 1 FROM processed_events AS processed
      WHERE processed.consumer = letter.consumer AND processed.event_id = letter.event_id
    )
    AND NOT EXISTS (
      SELECT 1 FROM resolved_observations AS resolved
      WHERE letter.consumer = '${RESOLVER_SUBSCRIPTION}'
        AND resolved.observation_id = letter.event_id
    )
  GROUP BY 1, 2, 3`;

export const EXPORT_SOURCES: readonly ExportSource[] = [
  { measure: 'consumed', sql: CONSUMED, changed: true },
  { measure: 'consumed', sql: RESOLVED, changed: true },
  { measure: 'spooled', sql: SPOOLED, changed: false },
  { measure: 'spool_waiting', sql: SPOOL_WAITING, changed: false },
  { measure: 'dead_lettered', sql: DEAD_LETTERED, changed: false },
  { measure: 'set_aside', sql: SET_ASIDE, changed: false },
];
