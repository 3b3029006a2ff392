/** Types every warehouse has; each dialect maps them to its own. NUMERIC is 38 digits, 9 after the point. */
export type ColumnType = 'STRING' | 'INT64' | 'BOOL' | 'NUMERIC' | 'TIMESTAMP' | 'DATE';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  readonly required: boolean;
  readonly description: string;
}

/** The one declaration of a warehouse table: DDL and row encoders are made from it. */
export interface Table {
  readonly name: string;
  readonly description: string;
  /** Rows are partitioned by the day of this TIMESTAMP column. */
  readonly partitionBy: string;
  readonly clusterBy: readonly string[];
  readonly columns: readonly Column[];
}

const required = (name: string, type: ColumnType, description: string): Column => ({
  name,
  type,
  required: true,
  description,
});
const nullable = (name: string, type: ColumnType, description: string): Column => ({
  name,
  type,
  required: false,
  description,
});

export const OUTBOX: Table = {
  name: 'integration_events_outbox',
  description:
    'Every canonical event that was accepted, append-only. May hold an event more than once: read integration_events for one row per event.',
  partitionBy: 'received_at',
  clusterBy: ['tenant_id', 'connection_id', 'event_type', 'entity_id'],
  columns: [
    required('event_id', 'STRING', 'Deterministic UUIDv5: the same change has the same id.'),
    required('event_type', 'STRING', '"entity.verb", for example deal.won.'),
    required('entity_type', 'STRING', 'Kind of the entity.'),
    required('entity_id', 'STRING', "The provider's id of the entity, as text."),
    required('tenant_id', 'STRING', 'The customer of the platform.'),
    nullable('org_id', 'STRING', 'Organisation inside the tenant; null is platform level.'),
    required('connection_id', 'STRING', 'The connection that received the change.'),
    required('provider', 'STRING', 'Provider of the connection.'),
    required('occurred_at', 'TIMESTAMP', 'When it happened, as the provider says.'),
    required('received_at', 'TIMESTAMP', 'When it was received.'),
    required('schema_version', 'STRING', 'Version of the canonical envelope.'),
    required('trace_id', 'STRING', 'One trace from the webhook to every consumer.'),
    required('source', 'STRING', 'How the change reached us: webhook, poll, replay or canary.'),
    nullable('actor', 'STRING', 'Who changed it, as the provider says.'),
    required('payload', 'STRING', "JSON text of the provider's facts; decimals are strings."),
  ],
};

export const WEBHOOK_REQUESTS: Table = {
  name: 'webhook_requests',
  description:
    'Requests that reached intake and were not simply accepted, with the reason. Under a flood one row stands for many: see occurrences.',
  partitionBy: 'received_at',
  clusterBy: ['tenant_id', 'connection_id', 'outcome', 'reason'],
  columns: [
    required('request_id', 'STRING', 'Id of the request, or of the first one a row stands for.'),
    required('received_at', 'TIMESTAMP', 'When the request, or the first one, was received.'),
    nullable('tenant_id', 'STRING', 'Tenant of the connection, when it is known.'),
    nullable('org_id', 'STRING', 'Organisation of the connection, when it has one.'),
    nullable('connection_id', 'STRING', 'The connection, when it is a known one.'),
    required('provider', 'STRING', 'Provider named in the URL; "unknown" when there is no such.'),
    required('outcome', 'STRING', 'rejected, skipped (an item of an accepted batch) or duplicate.'),
    required('reason', 'STRING', 'Stable word for the reason.'),
    nullable('detail', 'STRING', 'What was wrong and where. Never a secret or a body.'),
    required('http_status', 'INT64', 'Status of the answer.'),
    required('body_bytes', 'INT64', 'Size of the body.'),
    nullable('remote_address', 'STRING', 'Address the request came from.'),
    required('occurrences', 'INT64', 'How many like requests this row stands for.'),
  ],
};

export const TABLES: readonly Table[] = [OUTBOX, WEBHOOK_REQUESTS];
