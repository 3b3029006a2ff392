/** Types every warehouse has; each dialect maps them to its own. NUMERIC is 38 digits, 9 after the point. */
export type ColumnType = 'STRING' | 'INT64' | 'BOOL' | 'NUMERIC' | 'TIMESTAMP' | 'DATE';

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  readonly required: boolean;
  readonly description: string;
}

/**
 * The one declaration of a warehouse table. Made from it: BigQuery's DDL and Terraform's schema, which
 * are files (`npm run generate`), and DuckDB's DDL and the row encoders, which are made at run time.
 *
 * A table in use can only grow: new columns are nullable and stand at the end.
 */
export interface Table {
  readonly name: string;
  readonly description: string;
  /** Rows are partitioned by this TIMESTAMP column. Absent: a table so small that it has no partitions. */
  readonly partitionBy?: string;
  /** Length of a partition, in UTC. Default DAY. */
  readonly partitionUnit?: 'DAY' | 'MONTH';
  /**
   * Whether BigQuery refuses queries without a filter on `partitionBy`. Default true; false where the
   * current state can only be found in all of history.
   */
  readonly requirePartitionFilter?: boolean;
  /** Partitions are dropped when they are this old. Absent: never. */
  readonly partitionExpirationDays?: number;
  /** At most four, the one most often filtered on first. */
  readonly clusterBy: readonly string[];
  /**
   * Where a row says whose it is, for row access: default the columns tenant_id and org_id; else the
   * JSON text in this column; tenant: the column tenant_id alone, for rows that tell of a whole tenant
   * and are not shown to members of one organisation; none: rows of no tenant, read by everyone.
   */
  readonly tenantIn?: 'attributes' | 'tenant' | 'none';
  /** BigQuery labels, for cost reports: lower case letters, digits, _ and -. */
  readonly labels?: Readonly<Record<string, string>>;
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
const labels = (part: string) => ({ product: 'tributary', part });

/** How long proofs of passage and refused requests are kept. */
const SHORT_LIVED_DAYS = 90;

export const OUTBOX: Table = {
  name: 'integration_events_outbox',
  description:
    'Every canonical event that was accepted, append-only, observations included. May hold an event more than once: read integration_events for one row per event that consumers get.',
  partitionBy: 'received_at',
  clusterBy: ['tenant_id', 'connection_id', 'event_type', 'entity_id'],
  labels: labels('outbox'),
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
    required(
      'source',
      'STRING',
      'How the change reached us: webhook, poll, replay, canary, or system for what the product tells of itself.',
    ),
    nullable('actor', 'STRING', 'Who changed it, as the provider says.'),
    required('payload', 'STRING', "JSON text of the provider's facts; decimals are strings."),
    nullable(
      'observation_id',
      'STRING',
      'Event of the observation it was resolved from, if it was; that one has a row of its own.',
    ),
    nullable(
      'changed_fields',
      'STRING',
      'Of a resolved update, JSON array of the fields that differ from what was known; null where nothing was.',
    ),
  ],
};

export const WEBHOOK_REQUESTS: Table = {
  name: 'webhook_requests',
  description:
    'Requests that reached intake and were not simply accepted, with the reason. Under a flood one row stands for many: see occurrences.',
  partitionBy: 'received_at',
  partitionExpirationDays: SHORT_LIVED_DAYS,
  clusterBy: ['tenant_id', 'connection_id', 'outcome', 'reason'],
  labels: labels('intake'),
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

/**
 * Proof of passage, written by Pub/Sub itself: a BigQuery subscription of the events topic with
 * write_metadata and NEITHER use_topic_schema NOR use_table_schema, so that the whole message lands in
 * `data`. It must: an event that only Pub/Sub confirmed is appended to the outbox from here, payload
 * included. A table schema would have dropped the payload, which is an object and fits no column.
 */
export const PUBLISHED: Table = {
  name: 'integration_events_published',
  description:
    'What Pub/Sub carried, one row per message, append-only: proof that an event passed, and the copy from which the outbox is completed. May hold an event more than once.',
  partitionBy: 'publish_time',
  partitionExpirationDays: SHORT_LIVED_DAYS,
  clusterBy: ['message_id'],
  tenantIn: 'attributes',
  labels: labels('outbox'),
  columns: [
    nullable('subscription_name', 'STRING', 'The subscription that wrote the row.'),
    nullable(
      'message_id',
      'STRING',
      "Pub/Sub's id of the message; a repeated publish has another.",
    ),
    nullable('publish_time', 'TIMESTAMP', 'When Pub/Sub took the message.'),
    nullable('data', 'STRING', 'The canonical event, as JSON text.'),
    nullable(
      'attributes',
      'STRING',
      'The attributes of the message as a JSON object: event_id, tenant_id, event_type and others.',
    ),
  ],
};

/** What the loss ledger compares the outbox and the proofs with. docs/decisions/0021 defines the measures. */
export const LEDGER_COUNTS: Table = {
  name: 'integration_ledger_counts',
  description:
    'What was counted elsewhere than in the outbox, by tenant and minute of receipt: accepted by the processes that answered, consumed, spooled and dead-lettered by Postgres. Cumulative: of a measure, tenant, minute, consumer and reporter the row recorded last counts; reporters are added up.',
  partitionBy: 'minute',
  partitionExpirationDays: SHORT_LIVED_DAYS,
  clusterBy: ['tenant_id', 'measure', 'consumer'],
  tenantIn: 'tenant',
  labels: labels('ledger'),
  columns: [
    required('measure', 'STRING', 'What was counted, for example events_accepted or consumed.'),
    required('tenant_id', 'STRING', 'The customer of the platform.'),
    required('minute', 'TIMESTAMP', 'Minute of receipt of the events that were counted.'),
    nullable('consumer', 'STRING', 'The consumer, where each has a count of its own.'),
    required('reporter', 'STRING', 'Who counted: one run of a process, or postgres.'),
    required('total', 'INT64', 'How many so far, in all.'),
    required('recorded_at', 'TIMESTAMP', 'When the reporter had counted so many.'),
  ],
};

export const CONSUMERS: Table = {
  name: 'integration_consumers',
  description:
    'Who consumes events, so that a consumer that consumed nothing is missed. Of a consumer the row recorded last counts.',
  clusterBy: ['consumer'],
  tenantIn: 'none',
  labels: labels('ledger'),
  columns: [
    required('consumer', 'STRING', 'Name of the consumer and of its subscription.'),
    required('topic', 'STRING', 'The topic it reads: integration-events or the observations.'),
    required('subscribed_at', 'TIMESTAMP', 'It is to consume what was received from then on.'),
    required('active', 'BOOL', 'False once it consumes no more.'),
    required('recorded_at', 'TIMESTAMP', 'When the row was written.'),
  ],
};

export const CONNECTIONS: Table = {
  name: 'integration_connections',
  description:
    'History of connections, append-only: one row for each change, with the state after it. connections_current holds the latest of each. No secrets and no settings.',
  partitionBy: 'changed_at',
  partitionUnit: 'MONTH',
  requirePartitionFilter: false,
  clusterBy: ['tenant_id', 'connection_id'],
  labels: labels('connections'),
  columns: [
    required('connection_id', 'STRING', 'Id of the connection.'),
    required('tenant_id', 'STRING', 'The customer of the platform.'),
    nullable('org_id', 'STRING', 'Organisation inside the tenant; null is platform level.'),
    required('provider', 'STRING', 'Provider of the connection.'),
    required('name', 'STRING', 'Name people gave it.'),
    required('status', 'STRING', 'active, inactive or error.'),
    nullable('secret_ref', 'STRING', 'Name of the secret in the secret store; never its value.'),
    nullable('last_error', 'STRING', 'Why it is in error, when it is.'),
    required('version', 'INT64', 'Counts the changes of this connection.'),
    required('operation', 'STRING', 'created, updated or deleted.'),
    required('created_at', 'TIMESTAMP', 'When the connection was created.'),
    required('changed_at', 'TIMESTAMP', 'When this change was made.'),
  ],
};

export const TRANSACTIONS: Table = {
  name: 'transaction_events',
  description:
    'One row for each change of a transaction, as the commission calculator reads it. At least once: count distinct (tenant_id, event_id).',
  partitionBy: 'received_at',
  clusterBy: ['tenant_id', 'person_external_id', 'transaction_id'],
  labels: labels('commission'),
  columns: [
    required('event_id', 'STRING', 'Id of the canonical event it was made from.'),
    required('tenant_id', 'STRING', 'The customer of the platform.'),
    nullable('org_id', 'STRING', 'Organisation inside the tenant; null is platform level.'),
    required('connection_id', 'STRING', 'The connection that received the change.'),
    required('provider', 'STRING', 'Provider of the connection.'),
    required('transaction_id', 'STRING', "The provider's id of the transaction, as text."),
    required('kind', 'STRING', 'sale, refund, adjustment or void.'),
    nullable('person_external_id', 'STRING', "The provider's id of who is credited."),
    required('amount', 'NUMERIC', 'Signed, in units of the currency: refunds are negative.'),
    required('currency', 'STRING', 'ISO 4217 code.'),
    nullable('quantity', 'NUMERIC', 'How many were sold.'),
    nullable('product', 'STRING', 'What was sold, as the provider names it.'),
    nullable('category', 'STRING', 'Kind of the product, as the provider names it.'),
    required('occurred_at', 'TIMESTAMP', 'When it happened, as the provider says.'),
    required('received_at', 'TIMESTAMP', 'When it was received.'),
    required('raw', 'STRING', "JSON text of the provider's facts; decimals are strings."),
  ],
};

export const EXTERNAL_IDS: Table = {
  name: 'identity_external_id_map',
  description:
    'Which entity of ours an external id stands for, append-only: the row recorded last for a tenant, connection, entity type and external id counts.',
  partitionBy: 'recorded_at',
  partitionUnit: 'MONTH',
  requirePartitionFilter: false,
  clusterBy: ['tenant_id', 'provider', 'external_id'],
  labels: labels('directory'),
  columns: [
    required('tenant_id', 'STRING', 'The customer of the platform.'),
    nullable('org_id', 'STRING', 'Organisation inside the tenant; null is platform level.'),
    required('provider', 'STRING', 'Provider that gave the external id.'),
    required('connection_id', 'STRING', 'Connection whose account knows the external id.'),
    required('entity_type', 'STRING', 'Kind of the entity, for example employee.'),
    required('external_id', 'STRING', "The provider's id, as text."),
    nullable('internal_id', 'STRING', 'Id of our entity; null once the two were parted.'),
    required('valid_from', 'TIMESTAMP', 'From when on the two are one.'),
    nullable('valid_to', 'TIMESTAMP', 'Until when, exclusive; null is until further notice.'),
    nullable('recorded_by', 'STRING', 'Who or what recorded it.'),
    required('recorded_at', 'TIMESTAMP', 'When the row was written.'),
  ],
};

export const COMMISSION_ENTRIES: Table = {
  name: 'commission_entries',
  description:
    'Calculated commission, append-only: an entry is never changed, a reversal refers to it. At least once: count distinct (tenant_id, entry_id).',
  partitionBy: 'calculated_at',
  clusterBy: ['tenant_id', 'participant_id', 'effective_date'],
  labels: labels('commission'),
  columns: [
    required('entry_id', 'STRING', 'Deterministic: the same calculation has the same id.'),
    required('tenant_id', 'STRING', 'The customer of the platform.'),
    nullable('org_id', 'STRING', 'Organisation inside the tenant; null is platform level.'),
    required('plan_id', 'STRING', 'The plan it was calculated by.'),
    required('plan_version', 'INT64', 'Version of the plan.'),
    required('rule_id', 'STRING', 'The rule of the plan.'),
    required('participant_id', 'STRING', 'Who earns it.'),
    required('transaction_id', 'STRING', "The provider's id of the transaction."),
    required('event_id', 'STRING', 'The event whose transaction it was calculated from.'),
    required('basis_amount', 'NUMERIC', 'The amount the rate applies to.'),
    required('rate', 'NUMERIC', 'Rate as a fraction: 0.05 is five per cent.'),
    required('split', 'NUMERIC', "The participant's share as a fraction: 1 is all of it."),
    required('amount', 'NUMERIC', 'What is earned, rounded; a reversal is its opposite.'),
    required('currency', 'STRING', 'ISO 4217 code.'),
    nullable('reversal_of', 'STRING', 'The entry that this one takes back.'),
    required('effective_date', 'DATE', 'The day whose period it belongs to.'),
    required('explanation', 'STRING', 'JSON text: how each figure came about.'),
    required('calculated_at', 'TIMESTAMP', 'When it was calculated.'),
  ],
};

/** Row access policies look principals up here, so it must have none itself. */
export const ANALYST_ACCESS: Table = {
  name: 'analyst_access',
  description:
    'Who may read which rows, looked up by the row access policies of the other tables. Insert a row to grant, delete it to revoke.',
  clusterBy: ['principal'],
  tenantIn: 'none',
  labels: labels('access'),
  columns: [
    required('principal', 'STRING', 'E-mail address as SESSION_USER() gives it, in lower case.'),
    required('tenant_id', 'STRING', 'The tenant whose rows may be read.'),
    nullable(
      'org_id',
      'STRING',
      'The organisation, with platform-level rows; null is all of them.',
    ),
    required('granted_by', 'STRING', 'Who granted it.'),
    required('granted_at', 'TIMESTAMP', 'When it was granted.'),
  ],
};

export const TABLES: readonly Table[] = [
  OUTBOX,
  PUBLISHED,
  WEBHOOK_REQUESTS,
  LEDGER_COUNTS,
  CONSUMERS,
  CONNECTIONS,
  TRANSACTIONS,
  EXTERNAL_IDS,
  COMMISSION_ENTRIES,
  ANALYST_ACCESS,
];
