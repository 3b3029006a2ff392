/** One story for all examples: a deal that HubSpot reported for an organisation of a customer. */
const EXAMPLES: Readonly<Record<string, unknown>> = {
  account_id: '12345678',
  actor: 'user jane',
  attempts: 10,
  body_bytes: 412,
  by: 'jane',
  bytes: 9_600,
  changed_fields: ['amount'],
  connection_id: 'con_hn6ydb3tjkpo5q2mzw4a',
  consumer: 'billing',
  created_by: 'user jane',
  cursor: 'WyIyMDI2LTAzLTAyVDA5OjMwOjAwLjEyM1oiXQ',
  dropped_at: null,
  dropped_by: null,
  dropped_reason: null,
  entity_id: '9007199254',
  entity_type: 'deal',
  event_id: '3f1c1e4c-6d0b-5a55-9a51-0c8d2b5a7b11',
  event_type: 'deal.won',
  events: 12,
  failure: null,
  http_status: 401,
  id: '0198c1a2-7d3e-7c44-9b1f-5e2a6c8d4f10',
  matched: 12,
  max_events: 1_000_000,
  message_bytes: 812,
  name: 'main',
  next_cursor: null,
  observation_id: 'b1a7c9d0-2c1e-5f3a-8d4b-6a7e8f901234',
  occurrences: 1,
  ordering_key: 'con_hn6ydb3tjkpo5q2mzw4a/deal/9007199254',
  org_id: 'org_1',
  outbox_rows: 1,
  payload: { dealname: 'Annual plan', amount: '1200.00' },
  predicate_name: 'lost-deals',
  process: 'worker-1/17',
  provider: 'hubspot',
  published: 12,
  reason: 'signature_mismatch',
  remote_address: '192.0.2.17',
  replay_id: null,
  request_id: 'req-1a',
  retried_at: null,
  retried_by: null,
  secret: 'as the provider made it',
  secret_ref: 'tenants/acme/connections/con_hn6ydb3tjkpo5q2mzw4a/webhook',
  stopped_at: null,
  stopped_event_id: null,
  stopped_reason: null,
  subject: 'jane',
  tenant_id: 'acme',
  topic: 'integration-events',
  trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
  waits_for: null,
  webhook_url: 'https://hooks.example.com/webhooks/hubspot/con_hn6ydb3tjkpo5q2mzw4a',
};

const INSTANT = '2026-03-02T09:30:00.123Z';
/** By the last word of a field's name. */
const BY_LAST_WORD: Readonly<Record<string, unknown>> = {
  after: INSTANT,
  at: INSTANT,
  before: INSTANT,
  from: '2026-03-02T09:00:00.000Z',
  minute: '2026-03-02T09:30:00.000Z',
  of: INSTANT.slice(0, 10),
  since: INSTANT,
  through: INSTANT,
  to: '2026-03-02T10:00:00.000Z',
  until: INSTANT,
};

/** What a field of this name may hold; undefined where nothing is known of it. */
export function fieldExample(name: string): unknown {
  if (Object.hasOwn(EXAMPLES, name)) return EXAMPLES[name];
  return BY_LAST_WORD[name.split('_').at(-1) ?? ''];
}

/** What text of a format may be. */
export const FORMAT_EXAMPLES: Readonly<Record<string, string>> = {
  'date-time': INSTANT,
  date: INSTANT.slice(0, 10),
  uuid: '0198c1a2-7d3e-7c44-9b1f-5e2a6c8d4f10',
  uri: 'https://example.com/',
  email: 'jane@example.com',
};
