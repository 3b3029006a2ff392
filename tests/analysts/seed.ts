// The rows that every view and every analyst query is asked about, on both engines. Two tenants: acme
// with two CRMs, and zenith with organisations. All but one event are of March 2026.
import type { Row } from '#platform/warehouse/warehouse.ts';
import {
  ANALYST_ACCESS,
  COMMISSION_ENTRIES,
  CONNECTIONS,
  CONSUMERS,
  EXTERNAL_IDS,
  LEDGER_COUNTS,
  OUTBOX,
  PUBLISHED,
  TRANSACTIONS,
  WEBHOOK_REQUESTS,
} from '#schemas/tables.ts';

type Overrides = Readonly<Record<string, Row[string]>>;

const DAY_MS = 86_400_000;
/** Inside the window of views that show the last days. */
const YESTERDAY = new Date(Date.now() - DAY_MS).toISOString();

const march = (time: string) => `2026-03-${time}Z`;
const ACME = { tenant_id: 'acme', connection_id: 'con_1', provider: 'hubspot' };
const ACME_2 = { tenant_id: 'acme', connection_id: 'con_2', provider: 'salesforce' };
const ZENITH = { tenant_id: 'zenith', connection_id: 'con_3', provider: 'custom' };

function event(event_id: string, event_type: string, entity_id: string, overrides: Overrides): Row {
  return {
    event_id,
    event_type,
    entity_type: event_type.slice(0, event_type.indexOf('.')),
    entity_id,
    org_id: null,
    schema_version: '1.0',
    trace_id: `trace_${event_id}`,
    source: 'webhook',
    actor: null,
    payload: '{}',
    ...overrides,
  };
}

const occurred = (occurred_at: string, received_at: string) => ({ occurred_at, received_at });
const order = (total: string) => JSON.stringify({ order: { total, currency: 'EUR' } });
const E1 = event('e1', 'deal.won', 'd1', {
  ...ACME,
  ...occurred(march('02T09:59:50.000'), march('02T10:00:00.000')),
});

const outbox: readonly Row[] = [
  E1,
  { ...E1, received_at: march('02T10:05:00.000'), trace_id: 'trace_e1_again' },
  event('e2', 'deal.won', 'd2', {
    ...ACME,
    ...occurred(march('03T08:00:00.000'), march('03T08:02:00.500')),
  }),
  event('e3', 'deal.won', 'd3', {
    ...ACME_2,
    ...occurred(march('09T00:00:00.000'), march('09T00:00:01.000')),
  }),
  event('e4', 'deal.updated', 'd1', {
    ...ACME,
    ...occurred(march('04T12:00:00.000'), march('04T12:00:01.000')),
    source: 'poll',
    actor: 'ann',
  }),
  event('e5', 'deal.deleted', 'd2', {
    ...ACME,
    ...occurred(march('05T12:00:00.000'), march('05T12:00:01.000')),
  }),
  event('e6', 'order.paid', 'o1', {
    ...ZENITH,
    ...occurred(march('02T10:00:29.000'), march('02T10:00:30.000')),
    payload: order('0.10'),
  }),
  event('e7', 'order.paid', 'o2', {
    ...ZENITH,
    ...occurred(march('02T10:00:39.000'), march('02T10:00:40.000')),
    org_id: 'org_a',
    payload: order('0.20'),
  }),
  event('e8', 'contact.created', 'p1', {
    ...ZENITH,
    ...occurred(march('02T10:00:59.000'), march('02T10:01:00.000')),
    org_id: 'org_b',
    source: 'replay',
  }),
  event('e9', 'contact.updated', 'p1', {
    ...ZENITH,
    ...occurred(YESTERDAY, YESTERDAY),
    org_id: 'org_b',
  }),
  event('e10', 'deal.observed', 'd9', {
    ...ACME,
    ...occurred(march('06T08:59:59.000'), march('06T09:00:00.000')),
  }),
];

const proof = (
  event_id: string,
  tenant_id: string,
  publish_time: string,
  more: Readonly<Record<string, string>> = {},
): Row => {
  const envelope = outbox.find((row) => row.event_id === event_id);
  const connection_id = envelope?.connection_id ?? 'con_1';
  return {
    subscription_name: 'projects/p/subscriptions/integration-events-published',
    message_id: `${event_id}_${publish_time}`,
    publish_time,
    data: JSON.stringify({ ...envelope, event_id, payload: { amount: '12.50' } }),
    attributes: JSON.stringify({ event_id, tenant_id, connection_id, ...more }),
  };
};

const published: readonly Row[] = [
  proof('e1', 'acme', march('02T10:00:00.100')),
  proof('e1', 'acme', march('02T10:05:00.100')),
  proof('e2', 'acme', march('03T08:02:00.600')),
  proof('e3', 'acme', march('09T00:00:01.100')),
  // Three days late, by the relay.
  proof('e4', 'acme', march('07T12:00:00.000'), { org_id: 'org_x' }),
  // Twice by one replay, and once by another.
  proof('e4', 'acme', march('08T12:00:00.000'), { carried_again: 'replay', replay_id: 'r1' }),
  proof('e4', 'acme', march('08T12:00:01.000'), { carried_again: 'replay', replay_id: 'r1' }),
  proof('e4', 'acme', march('08T13:00:00.000'), { carried_again: 'replay', replay_id: 'r2' }),
  proof('e5', 'acme', march('05T12:00:01.100')),
  // Pub/Sub's clock is a second behind ours.
  proof('e6', 'zenith', march('02T10:00:29.000')),
  // The outbox never got this one.
  proof('e99', 'acme', march('02T10:02:10.000')),
  // Nor this one, which was received a minute before it was published.
  proof('e98', 'acme', march('02T10:04:00.200'), { received_at: march('02T10:03:59.900') }),
  // Of long ago, and replayed: its outbox row is older than the ledger looks back.
  proof('e97', 'acme', march('02T10:06:00.000'), { received_at: '2026-01-01T00:00:00.000Z' }),
  proof('e10', 'acme', march('06T09:00:00.100'), { received_at: march('06T09:00:00.000') }),
];

const count = (
  measure: string,
  tenant_id: string,
  minute: string,
  total: number,
  more: Overrides = {},
): Row => ({
  measure,
  tenant_id,
  minute,
  consumer: null,
  reporter: 'postgres',
  total,
  recorded_at: march('31T00:00:00.000'),
  ...more,
});
const accepted = (tenant_id: string, time: string, total: number, more: Overrides = {}) =>
  count('events_accepted', tenant_id, march(time), total, { reporter: 'run_1.0', ...more });
const consumed = (consumer: string, tenant_id: string, time: string, total = 1) =>
  count('consumed', tenant_id, march(time), total, { consumer });
const YESTERDAY_MINUTE = `${YESTERDAY.slice(0, 16)}:00.000Z`;

const counts: readonly Row[] = [
  count('requests_accepted', 'acme', march('02T10:00:00.000'), 1, { reporter: 'run_1.0' }),
  accepted('acme', '02T10:00:00.000', 1),
  accepted('acme', '02T10:05:00.000', 1),
  // Two processes; of the one the later row counts, and the same row twice is one.
  accepted('zenith', '02T10:00:00.000', 0, { recorded_at: march('02T10:00:05.000') }),
  accepted('zenith', '02T10:00:00.000', 1, { recorded_at: march('02T10:00:10.000') }),
  accepted('zenith', '02T10:00:00.000', 1, { recorded_at: march('02T10:00:10.000') }),
  accepted('zenith', '02T10:00:00.000', 1, { reporter: 'run_2.0' }),
  // One that the outbox never got.
  accepted('zenith', '02T10:01:00.000', 2),
  // e2 was accepted by a process that was killed before it could write its count.
  accepted('acme', '04T12:00:00.000', 1),
  // Two wait in the spool.
  accepted('acme', '05T12:00:00.000', 3),
  count('spooled', 'acme', march('05T12:00:00.000'), 2),
  count('spool_waiting', 'acme', march('05T12:00:00.000'), 0, {
    recorded_at: march('05T11:00:00.000'),
  }),
  count('spool_waiting', 'acme', march('05T12:00:00.000'), 2),
  accepted('acme', '06T09:00:00.000', 0),
  count('events_resolved', 'acme', march('06T09:00:00.000'), 1, { reporter: 'run_1.0' }),
  accepted('acme', '09T00:00:00.000', 1),
  count('events_accepted', 'zenith', YESTERDAY_MINUTE, 1, { reporter: 'run_1.0' }),
  // e1, as it was received the second time.
  consumed('commission', 'acme', '02T10:05:00.000'),
  consumed('commission', 'zenith', '02T10:00:00.000', 2),
  count('dead_lettered', 'zenith', march('02T10:01:00.000'), 1, { consumer: 'commission' }),
  count('set_aside', 'zenith', march('02T10:01:00.000'), 1, { consumer: 'commission' }),
  consumed('commission', 'acme', '04T12:00:00.000'),
  consumed('commission', 'acme', '05T12:00:00.000'),
  consumed('commission', 'acme', '09T00:00:00.000'),
  // It subscribed within this minute, and has all since then.
  consumed('directory', 'zenith', '02T10:00:00.000'),
  consumed('directory', 'zenith', '02T10:01:00.000'),
  consumed('directory', 'acme', '03T08:02:00.000'),
  consumed('directory', 'acme', '04T12:00:00.000'),
  consumed('directory', 'acme', '05T12:00:00.000'),
  consumed('directory', 'acme', '09T00:00:00.000'),
];

const consumer = (name: string, topic: string, since: string, more: Overrides = {}): Row => ({
  consumer: name,
  topic,
  subscribed_at: march(since),
  active: true,
  recorded_at: march('01T00:00:00.000'),
  ...more,
});

const consumers: readonly Row[] = [
  consumer('commission', 'integration-events', '31T00:00:00.000', {
    recorded_at: march('01T00:00:00.000'),
  }),
  consumer('commission', 'integration-events', '01T00:00:00.000', {
    recorded_at: march('02T00:00:00.000'),
  }),
  consumer('directory', 'integration-events', '02T10:00:35.000'),
  consumer('gone', 'integration-events', '01T00:00:00.000', { active: false }),
  consumer('resolver', 'integration-observations', '01T00:00:00.000'),
];

const refused = (request_id: string, time: string, overrides: Overrides): Row => ({
  request_id,
  received_at: march(time),
  tenant_id: null,
  org_id: null,
  connection_id: null,
  provider: 'hubspot',
  outcome: 'rejected',
  reason: 'signature_mismatch',
  detail: null,
  http_status: 401,
  body_bytes: 10,
  remote_address: null,
  occurrences: 1,
  ...overrides,
});

const requests: readonly Row[] = [
  refused('r1', '02T11:00:00.000', ACME),
  refused('r2', '02T12:00:00.000', { ...ACME, occurrences: 5 }),
  refused('r3', '02T13:00:00.000', {
    ...ACME,
    outcome: 'duplicate',
    reason: 'repeated',
    http_status: 200,
  }),
  refused('r4', '02T14:00:00.000', { reason: 'unknown_connection', occurrences: 2 }),
];

const connection = (connection_id: string, version: number, overrides: Overrides): Row => ({
  connection_id,
  tenant_id: 'acme',
  org_id: null,
  provider: 'hubspot',
  name: `${connection_id} of acme`,
  status: 'active',
  secret_ref: `${connection_id}-secret`,
  last_error: null,
  version,
  operation: version === 1 ? 'created' : 'updated',
  created_at: march('01T00:00:00.000'),
  changed_at: march(`0${version}T00:00:00.000`),
  ...overrides,
});
const IN_ERROR = connection('con_1', 2, { status: 'error', last_error: 'token refused' });

const connections: readonly Row[] = [
  connection('con_1', 1, {}),
  IN_ERROR,
  IN_ERROR,
  connection('con_2', 1, { provider: 'salesforce' }),
  connection('con_3', 1, {
    tenant_id: 'zenith',
    provider: 'custom',
    org_id: 'org_a',
    name: 'shop',
  }),
  connection('con_4', 1, {}),
  connection('con_5', 1, {}),
  connection('con_5', 2, { operation: 'deleted' }),
];

const transaction = (
  event_id: string,
  transaction_id: string,
  amount: string,
  more: Overrides,
): Row => ({
  event_id,
  ...ZENITH,
  org_id: null,
  transaction_id,
  kind: amount.startsWith('-') ? 'refund' : 'sale',
  person_external_id: null,
  amount,
  currency: 'EUR',
  quantity: null,
  product: null,
  category: null,
  occurred_at: march('02T10:00:00.000'),
  received_at: march('02T10:00:01.000'),
  raw: '{}',
  ...more,
});
const X1 = transaction('x1', 't1', '100', {
  person_external_id: 'p1',
  category: 'retail',
  quantity: '2',
});

const transactions: readonly Row[] = [
  X1,
  { ...X1, received_at: march('02T11:00:00.000') },
  transaction('x2', 't1', '-20.5', {
    person_external_id: 'p1',
    category: 'retail',
    quantity: '-1',
  }),
  transaction('x3', 't2', '0.1', { person_external_id: 'p2', category: 'service' }),
  transaction('x4', 't3', '0.200000001', { person_external_id: 'p2', category: 'service' }),
  transaction('x5', 't4', '7', { currency: 'USD' }),
];

const externalId = (external_id: string, internal_id: string | null, recorded: string): Row => ({
  tenant_id: 'zenith',
  org_id: null,
  provider: 'custom',
  connection_id: 'con_3',
  entity_type: 'employee',
  external_id,
  internal_id,
  valid_from: march('01T00:00:00.000'),
  valid_to: null,
  recorded_by: null,
  recorded_at: march(`${recorded}T00:00:00.000`),
});

const externalIds: readonly Row[] = [
  externalId('p1', 'emp_1', '01'),
  externalId('p2', 'emp_2', '01'),
  externalId('p2', null, '02'),
];

const entry = (
  entry_id: string,
  amount: string,
  effective_date: string,
  more: Overrides = {},
): Row => ({
  entry_id,
  tenant_id: 'zenith',
  org_id: null,
  plan_id: 'plan',
  plan_version: 1,
  rule_id: 'rule',
  participant_id: 'emp_1',
  transaction_id: 't1',
  event_id: 'x1',
  basis_amount: '100',
  rate: '0.05',
  split: '1',
  amount,
  currency: 'EUR',
  reversal_of: null,
  effective_date,
  explanation: '{}',
  calculated_at: `${effective_date}T12:00:00.000Z`,
  ...more,
});
const C1 = entry('c1', '5', '2026-03-02');

const entries: readonly Row[] = [
  C1,
  { ...C1, calculated_at: march('03T12:00:00.000') },
  entry('c2', '0.123456789', '2026-03-03'),
  entry('c3', '-5', '2026-03-10', { reversal_of: 'c1' }),
  entry('c4', '3', '2026-02-27', { transaction_id: 't0' }),
  entry('c5', '-3', '2026-03-11', { transaction_id: 't0', reversal_of: 'c4' }),
  entry('c6', '1', '2026-03-02', { participant_id: 'emp_2', currency: 'USD' }),
];

const granted = { granted_by: 'root@example.com', granted_at: march('01T00:00:00.000') };

/** Rows by table. */
export const SEED: ReadonlyMap<string, readonly Row[]> = new Map([
  [OUTBOX.name, outbox],
  [PUBLISHED.name, published],
  [WEBHOOK_REQUESTS.name, requests],
  [LEDGER_COUNTS.name, counts],
  [CONSUMERS.name, consumers],
  [CONNECTIONS.name, connections],
  [TRANSACTIONS.name, transactions],
  [EXTERNAL_IDS.name, externalIds],
  [COMMISSION_ENTRIES.name, entries],
  [
    ANALYST_ACCESS.name,
    [
      { principal: 'ann@example.com', tenant_id: 'acme', org_id: null, ...granted },
      { principal: 'bob@example.com', tenant_id: 'zenith', org_id: 'org_a', ...granted },
      { principal: 'eve@example.com', tenant_id: 'zenith', org_id: 'org_b', ...granted },
      { principal: 'eve@example.com', tenant_id: 'acme', org_id: null, ...granted },
    ],
  ],
]);
