// What each analyst query, view and function answers to the rows of seed.ts: one list for both engines.
import type { CellValue, Row } from '#platform/warehouse/warehouse.ts';

export interface AnalystCase {
  /** `sql/{dialect}/analyst/{query}.sql`. */
  readonly query: string;
  readonly params: Readonly<Record<string, CellValue>>;
  readonly rows: readonly Row[];
}

export interface ObjectCase {
  readonly name: string;
  /** Taken by both engines. */
  readonly sql: string;
  readonly rows: readonly Row[];
}

const MARCH = { from_time: '2026-03-01T00:00:00.000Z', to_time: '2026-04-01T00:00:00.000Z' };
const PERIOD = {
  calculated_from: '2026-02-01T00:00:00.000Z',
  from_date: '2026-03-01',
  to_date: '2026-04-01',
};
const acme = { tenant_id: 'acme', connection_id: 'con_1', provider: 'hubspot' };
const acme2 = { tenant_id: 'acme', connection_id: 'con_2', provider: 'salesforce' };
const zenith = { tenant_id: 'zenith', connection_id: 'con_3', provider: 'custom' };
const march = (time: string) => `2026-03-${time}Z`;

/** Of rows that name all their columns, some. */
const only = (row: Row, ...names: string[]): Row =>
  Object.fromEntries(names.map((name) => [name, row[name] ?? null]));

export const ANALYST_CASES: readonly AnalystCase[] = [
  {
    query: 'won-deals-by-week',
    params: MARCH,
    rows: [
      { tenant_id: 'acme', week: '2026-03-02', provider: 'hubspot', won: 2 },
      { tenant_id: 'acme', week: '2026-03-09', provider: 'salesforce', won: 1 },
    ],
  },
  {
    query: 'events-by-connection-and-hour',
    params: { ...MARCH, to_time: march('03T00:00:00.000') },
    rows: [
      { tenant_id: 'acme', connection_id: 'con_1', hour: march('02T10:00:00.000'), events: 1 },
      { tenant_id: 'zenith', connection_id: 'con_3', hour: march('02T10:00:00.000'), events: 3 },
    ],
  },
  {
    query: 'slowest-connections',
    params: MARCH,
    rows: [
      // 10 s, 120.5 s, 1 s, 1 s
      { ...acme, events: 4, over_a_minute: 1, average_seconds: 33.125, slowest_seconds: 120.5 },
      { ...acme2, events: 1, over_a_minute: 0, average_seconds: 1, slowest_seconds: 1 },
      { ...zenith, events: 3, over_a_minute: 0, average_seconds: 1, slowest_seconds: 1 },
    ],
  },
  {
    query: 'duplicates-by-provider',
    params: MARCH,
    rows: [
      { tenant_id: 'acme', provider: 'hubspot', outbox_rows: 6, events: 5, repetitions: 1 },
      { tenant_id: 'acme', provider: 'salesforce', outbox_rows: 1, events: 1, repetitions: 0 },
      { tenant_id: 'zenith', provider: 'custom', outbox_rows: 3, events: 3, repetitions: 0 },
    ],
  },
  {
    query: 'loss-ledger-disagreements',
    params: { ...MARCH, to_time: march('06T09:11:00.000') },
    rows: [
      disagreement('acme', '02T10:00:00.000', 'commission', { perhaps_not_consumed: 1 }),
      disagreement('zenith', '02T10:00:00.000', null, { without_proof: 1 }),
      disagreement('zenith', '02T10:01:00.000', null, { not_outboxed: 1, without_proof: 1 }),
      disagreement('acme', '02T10:02:00.000', null, { without_outbox_row: 1 }),
      disagreement('acme', '02T10:03:00.000', null, { without_outbox_row: 1 }),
      disagreement('acme', '03T08:02:00.000', null, { uncounted: 1 }),
      disagreement('acme', '03T08:02:00.000', 'commission', { not_consumed: 1 }),
      disagreement('acme', '06T09:00:00.000', 'resolver', { not_consumed: 1 }),
    ],
  },
  {
    query: 'consumption-by-consumer',
    params: MARCH,
    rows: [
      consumption('acme', 'commission', [5, 4, 0, 1], '03T08:02:00.000'),
      consumption('acme', 'directory', [4, 4, 0, 0]),
      consumption('acme', 'resolver', [1, 0, 0, 1], '06T09:00:00.000'),
      consumption('zenith', 'commission', [3, 2, 1, 0]),
      consumption('zenith', 'directory', [2, 2, 0, 0]),
    ],
  },
  {
    query: 'events-without-proof',
    params: { ...MARCH, to_time: march('02T10:11:00.000') },
    rows: [
      {
        tenant_id: 'zenith',
        connection_id: 'con_3',
        event_id: 'e7',
        event_type: 'order.paid',
        received_at: march('02T10:00:40.000'),
      },
    ],
  },
  {
    query: 'rejected-webhooks-by-reason',
    params: MARCH,
    rows: [
      {
        tenant_id: 'acme',
        provider: 'hubspot',
        reason: 'signature_mismatch',
        http_status: 401,
        requests: 6,
        last_at: march('02T12:00:00.000'),
      },
      {
        tenant_id: null,
        provider: 'hubspot',
        reason: 'unknown_connection',
        http_status: 401,
        requests: 2,
        last_at: march('02T14:00:00.000'),
      },
    ],
  },
  {
    query: 'entity-history',
    params: { ...MARCH, tenant_id: 'acme', entity_type: 'deal', entity_id: 'd1' },
    rows: [
      {
        occurred_at: march('02T09:59:50.000'),
        event_type: 'deal.won',
        source: 'webhook',
        actor: null,
        connection_id: 'con_1',
        event_id: 'e1',
        payload: '{}',
      },
      {
        occurred_at: march('04T12:00:00.000'),
        event_type: 'deal.updated',
        source: 'poll',
        actor: 'ann',
        connection_id: 'con_1',
        event_id: 'e4',
        payload: '{}',
      },
    ],
  },
  {
    query: 'commission-by-participant',
    params: PERIOD,
    rows: [
      {
        tenant_id: 'zenith',
        participant_id: 'emp_1',
        currency: 'EUR',
        entries: 4,
        earned: '5.123456789',
        reversed: '-8',
        net: '-2.876543211',
      },
      {
        tenant_id: 'zenith',
        participant_id: 'emp_2',
        currency: 'USD',
        entries: 1,
        earned: '1',
        reversed: '0',
        net: '1',
      },
    ],
  },
  {
    query: 'commission-reversals',
    params: PERIOD,
    rows: [
      reversal('c3', 'c1', 't1', ['-5', '2026-03-10', '5', '2026-03-02']),
      reversal('c5', 'c4', 't0', ['-3', '2026-03-11', '3', '2026-02-27']),
    ],
  },
  {
    query: 'unmatched-external-ids',
    params: MARCH,
    rows: [
      {
        tenant_id: 'zenith',
        connection_id: 'con_3',
        person_external_id: 'p2',
        currency: 'EUR',
        transactions: 2,
        amount: '0.300000001',
      },
    ],
  },
  {
    query: 'connections-in-error',
    params: {},
    rows: [
      {
        tenant_id: 'acme',
        org_id: null,
        connection_id: 'con_1',
        provider: 'hubspot',
        name: 'con_1 of acme',
        last_error: 'token refused',
        changed_at: march('02T00:00:00.000'),
      },
    ],
  },
  {
    query: 'quiet-connections',
    params: MARCH,
    rows: [
      {
        tenant_id: 'acme',
        connection_id: 'con_4',
        provider: 'hubspot',
        name: 'con_4 of acme',
        created_at: march('01T00:00:00.000'),
      },
    ],
  },
  {
    query: 'most-changed-entities',
    params: { ...MARCH, row_limit: 2 },
    rows: [
      {
        tenant_id: 'acme',
        connection_id: 'con_1',
        entity_type: 'deal',
        entity_id: 'd1',
        changes: 2,
        first_at: march('02T09:59:50.000'),
        last_at: march('04T12:00:00.000'),
      },
      {
        tenant_id: 'acme',
        connection_id: 'con_1',
        entity_type: 'deal',
        entity_id: 'd2',
        changes: 2,
        first_at: march('03T08:00:00.000'),
        last_at: march('05T12:00:00.000'),
      },
    ],
  },
  {
    query: 'events-by-source',
    params: MARCH,
    rows: [
      {
        ...only(acme, 'tenant_id', 'provider'),
        events: 4,
        by_webhook: 3,
        by_poll: 1,
        by_replay: 0,
      },
      {
        ...only(acme2, 'tenant_id', 'provider'),
        events: 1,
        by_webhook: 1,
        by_poll: 0,
        by_replay: 0,
      },
      {
        ...only(zenith, 'tenant_id', 'provider'),
        events: 3,
        by_webhook: 2,
        by_poll: 0,
        by_replay: 1,
      },
    ],
  },
  {
    query: 'net-sales-by-category',
    params: MARCH,
    rows: [
      sales('retail', 'EUR', 1, '1', '79.5'),
      sales('service', 'EUR', 2, null, '0.300000001'),
      sales(null, 'USD', 1, null, '7'),
    ],
  },
  {
    query: 'exact-order-totals',
    params: MARCH,
    rows: [{ tenant_id: 'zenith', provider: 'custom', currency: 'EUR', orders: 2, total: '0.3' }],
  },
];

const BETWEEN = `(TIMESTAMP '2026-03-02 00:00:00', TIMESTAMP '2026-03-02 10:01:00')`;

export const OBJECT_CASES: readonly ObjectCase[] = [
  {
    name: 'integration_events holds each event once, as it was first received',
    sql: `SELECT event_id, received_at FROM integration_events WHERE event_id IN ('e1', 'e2') ORDER BY event_id`,
    rows: [
      { event_id: 'e1', received_at: march('02T10:00:00.000') },
      { event_id: 'e2', received_at: march('03T08:02:00.500') },
    ],
  },
  {
    name: 'integration_events holds all of history',
    sql: 'SELECT COUNT(*) AS events FROM integration_events',
    rows: [{ events: 9 }],
  },
  {
    name: 'integration_events_between keeps to its window, whose end is exclusive',
    sql: `SELECT event_id FROM integration_events_between${BETWEEN} ORDER BY event_id`,
    rows: [{ event_id: 'e1' }, { event_id: 'e6' }, { event_id: 'e7' }],
  },
  {
    name: 'integration_events_carried holds each event once, with what its message held',
    sql: `SELECT event_id, tenant_id, org_id, connection_id, received_at, publish_time, entity_id, payload FROM integration_events_carried WHERE event_id IN ('e1', 'e4') ORDER BY event_id`,
    rows: [
      carried('e1', '02T10:00:00.100', {}),
      carried('e4', '07T12:00:00.000', { received_at: march('04T12:00:01.000'), org_id: 'org_x' }),
    ],
  },
  {
    name: 'integration_events_carried_between keeps to its window of publishing',
    sql: `SELECT event_id FROM integration_events_carried_between${BETWEEN} ORDER BY event_id`,
    rows: [{ event_id: 'e1' }, { event_id: 'e6' }],
  },
  {
    name: 'entity_latest holds the latest event of each entity',
    sql: `SELECT entity_id, event_type FROM entity_latest WHERE tenant_id = 'acme' ORDER BY entity_id`,
    rows: [
      { entity_id: 'd1', event_type: 'deal.updated' },
      { entity_id: 'd2', event_type: 'deal.deleted' },
      { entity_id: 'd3', event_type: 'deal.won' },
    ],
  },
  {
    name: 'entity_latest_between keeps to its window',
    sql: `SELECT entity_id, event_type FROM entity_latest_between${BETWEEN} ORDER BY entity_id`,
    rows: [
      { entity_id: 'd1', event_type: 'deal.won' },
      { entity_id: 'o1', event_type: 'order.paid' },
      { entity_id: 'o2', event_type: 'order.paid' },
    ],
  },
  {
    name: 'loss_ledger_between counts ids in the minute of the first receipt, and receipts in each',
    sql: `SELECT minute, requests_accepted, accepted, receipts, outboxed, published FROM loss_ledger_between(TIMESTAMP '2026-03-02 10:00:00', TIMESTAMP '2026-03-02 10:06:00') WHERE tenant_id = 'acme' ORDER BY minute`,
    rows: [
      figures('02T10:00:00.000', { requests_accepted: 1, accepted: 1, receipts: 1, outboxed: 1 }),
      figures('02T10:02:00.000', {}),
      figures('02T10:03:00.000', {}),
      figures('02T10:05:00.000', { accepted: 1, receipts: 1, published: 0 }),
    ],
  },
  {
    name: 'loss_ledger_between takes of each reporter the row recorded last, and adds reporters up',
    sql: `SELECT accepted, receipts, not_outboxed, uncounted FROM loss_ledger_between(TIMESTAMP '2026-03-02 10:00:00', TIMESTAMP '2026-03-02 10:02:00') WHERE tenant_id = 'zenith' ORDER BY minute`,
    rows: [
      { accepted: 2, receipts: 2, not_outboxed: 0, uncounted: 0 },
      { accepted: 2, receipts: 1, not_outboxed: 1, uncounted: 0 },
    ],
  },
  {
    name: 'loss_ledger_between takes what waits in the spool for no loss',
    sql: `SELECT accepted, receipts, spooled, spool_waiting, not_outboxed FROM loss_ledger_between(TIMESTAMP '2026-03-05 00:00:00', TIMESTAMP '2026-03-06 00:00:00')`,
    rows: [{ accepted: 3, receipts: 1, spooled: 2, spool_waiting: 2, not_outboxed: 0 }],
  },
  {
    name: 'loss_ledger_between counts a late proof as no loss, and each replay of an event once',
    sql: `SELECT outboxed, published, replayed, without_proof FROM loss_ledger_between(TIMESTAMP '2026-03-04 00:00:00', TIMESTAMP '2026-03-05 00:00:00')`,
    rows: [{ outboxed: 1, published: 1, replayed: 2, without_proof: 0 }],
  },
  {
    name: 'loss_ledger_between counts what the resolver made apart from what was received',
    sql: `SELECT accepted, resolved, receipts, uncounted FROM loss_ledger_between(TIMESTAMP '2026-03-06 00:00:00', TIMESTAMP '2026-03-07 00:00:00')`,
    rows: [{ accepted: 0, resolved: 1, receipts: 1, uncounted: 0 }],
  },
  {
    name: 'loss_ledger_between has whole minutes that begin in its window',
    sql: `SELECT tenant_id, minute, receipts FROM loss_ledger_between(TIMESTAMP '2026-03-02 10:00:30', TIMESTAMP '2026-03-02 10:01:00.001')`,
    rows: [{ tenant_id: 'zenith', minute: march('02T10:01:00.000'), receipts: 1 }],
  },
  {
    name: 'loss_ledger_between takes no proof of an earlier receipt for a loss',
    sql: `SELECT * FROM loss_ledger_between(TIMESTAMP '2026-03-07 00:00:00', TIMESTAMP '2026-03-09 00:00:00')`,
    rows: [],
  },
  {
    name: 'consumption_ledger_between expects of each consumer what it reads, since it subscribed',
    sql: `SELECT minute, consumer, expected, consumed, dead_lettered, set_aside, not_consumed, perhaps_not_consumed FROM consumption_ledger_between(TIMESTAMP '2026-03-02 10:00:00', TIMESTAMP '2026-03-02 10:02:00') WHERE tenant_id = 'zenith' ORDER BY minute, consumer`,
    rows: [
      consuming('02T10:00:00.000', 'commission', { expected: 2, consumed: 2 }),
      consuming('02T10:00:00.000', 'directory', { expected: 1, consumed: 1 }),
      consuming('02T10:01:00.000', 'commission', { expected: 1, dead_lettered: 1, set_aside: 1 }),
      consuming('02T10:01:00.000', 'directory', { expected: 1, consumed: 1 }),
    ],
  },
  {
    name: 'consumption_ledger_between is not sure of an event that was received again',
    sql: `SELECT minute, consumer, expected, consumed, dead_lettered, set_aside, not_consumed, perhaps_not_consumed FROM consumption_ledger_between(TIMESTAMP '2026-03-02 10:00:00', TIMESTAMP '2026-03-02 10:06:00') WHERE tenant_id = 'acme' ORDER BY minute`,
    rows: [
      consuming('02T10:00:00.000', 'commission', { expected: 1, perhaps_not_consumed: 1 }),
      consuming('02T10:05:00.000', 'commission', { consumed: 1 }),
    ],
  },
  {
    name: 'loss_ledger shows the last days',
    sql: 'SELECT tenant_id, accepted, outboxed, published, without_proof FROM loss_ledger',
    rows: [{ tenant_id: 'zenith', accepted: 1, outboxed: 1, published: 0, without_proof: 1 }],
  },
  {
    name: 'loss_ledger_disagreements shows the minutes of the last days that disagree',
    sql: 'SELECT tenant_id, consumer, without_proof, not_consumed FROM loss_ledger_disagreements ORDER BY consumer NULLS FIRST',
    rows: [
      { tenant_id: 'zenith', consumer: null, without_proof: 1, not_consumed: 0 },
      { tenant_id: 'zenith', consumer: 'commission', without_proof: 0, not_consumed: 1 },
      { tenant_id: 'zenith', consumer: 'directory', without_proof: 0, not_consumed: 1 },
    ],
  },
  {
    name: 'connections_current holds the latest state of what is not deleted',
    sql: 'SELECT connection_id, version, status FROM connections_current ORDER BY connection_id',
    rows: [
      { connection_id: 'con_1', version: 2, status: 'error' },
      { connection_id: 'con_2', version: 1, status: 'active' },
      { connection_id: 'con_3', version: 1, status: 'active' },
      { connection_id: 'con_4', version: 1, status: 'active' },
    ],
  },
  {
    name: 'webhook_log holds accepted requests and the others',
    sql: `SELECT outcome, COUNT(*) AS requests, SUM(events) AS events FROM webhook_log GROUP BY outcome ORDER BY outcome`,
    rows: [
      // e4 came by polling and e8 by replay.
      { outcome: 'accepted', requests: 9, events: 9 },
      { outcome: 'duplicate', requests: 1, events: 1 },
      { outcome: 'rejected', requests: 3, events: 8 },
    ],
  },
  {
    name: 'webhook_log_between keeps to its window',
    sql: `SELECT request_id FROM webhook_log_between${BETWEEN} ORDER BY request_id`,
    rows: [{ request_id: 'trace_e1' }, { request_id: 'trace_e6' }, { request_id: 'trace_e7' }],
  },
];

export interface AccessCase {
  readonly principal: string;
  readonly table: string;
  /** A column that names the rows. */
  readonly column: string;
  readonly sees: readonly string[];
}

export const ACCESS_CASES: readonly AccessCase[] = [
  access('ann@example.com', 'integration_events_outbox', 'event_id', 'e1 e1 e10 e2 e3 e4 e5'),
  // Platform level and their own organisation, not the other one's.
  access('bob@example.com', 'integration_events_outbox', 'event_id', 'e6 e7'),
  access(
    'eve@example.com',
    'integration_events_outbox',
    'event_id',
    'e1 e1 e10 e2 e3 e4 e5 e6 e8 e9',
  ),
  access('nobody@example.com', 'integration_events_outbox', 'event_id', ''),
  access('ann@example.com', 'webhook_requests', 'request_id', 'r1 r2 r3'),
  access('bob@example.com', 'integration_connections', 'connection_id', 'con_3'),
  access('eve@example.com', 'transaction_events', 'event_id', 'x1 x1 x2 x3 x4 x5'),
  access('ann@example.com', 'transaction_events', 'event_id', ''),
  access('ann@example.com', 'commission_entries', 'entry_id', ''),
  access('bob@example.com', 'identity_external_id_map', 'external_id', 'p1 p2 p2'),
  access(
    'bob@example.com',
    'integration_events_published',
    'message_id',
    'e6_2026-03-02T10:00:29.000Z',
  ),
  access('nobody@example.com', 'integration_events_published', 'message_id', ''),
  // Figures of a whole tenant: not to a member of one of its organisations.
  access('bob@example.com', 'integration_ledger_counts', 'measure', ''),
];

function access(principal: string, table: string, column: string, sees: string): AccessCase {
  return { principal, table, column, sees: sees === '' ? [] : sees.split(' ') };
}

function disagreement(tenant_id: string, minute: string, consumer: string | null, more: Row): Row {
  return {
    tenant_id,
    minute: march(minute),
    consumer,
    not_outboxed: 0,
    uncounted: 0,
    without_proof: 0,
    without_outbox_row: 0,
    not_consumed: 0,
    perhaps_not_consumed: 0,
    ...more,
  };
}

function consumption(
  tenant_id: string,
  consumer: string,
  counts: readonly number[],
  behind_since?: string,
): Row {
  const [expected = 0, consumed = 0, dead_lettered = 0, not_consumed = 0] = counts;
  return {
    tenant_id,
    consumer,
    expected,
    consumed,
    dead_lettered,
    not_consumed,
    behind_since: behind_since === undefined ? null : march(behind_since),
  };
}

function figures(minute: string, more: Row): Row {
  const none = { requests_accepted: 0, accepted: 0, receipts: 0, outboxed: 0, published: 1 };
  return { minute: march(minute), ...none, ...more };
}

function consuming(minute: string, consumer: string, more: Row): Row {
  return {
    minute: march(minute),
    consumer,
    expected: 0,
    consumed: 0,
    dead_lettered: 0,
    set_aside: 0,
    not_consumed: 0,
    perhaps_not_consumed: 0,
    ...more,
  };
}

function carried(event_id: string, published: string, more: Row): Row {
  return {
    event_id,
    tenant_id: 'acme',
    org_id: null,
    connection_id: 'con_1',
    received_at: march('02T10:00:00.000'),
    publish_time: march(published),
    entity_id: 'd1',
    payload: '{"amount":"12.50"}',
    ...more,
  };
}

function reversal(
  entry_id: string,
  reversal_of: string,
  transaction_id: string,
  facts: readonly string[],
): Row {
  const [amount = '', effective_date = '', original_amount = '', original_date = ''] = facts;
  return {
    tenant_id: 'zenith',
    participant_id: 'emp_1',
    entry_id,
    reversal_of,
    transaction_id,
    currency: 'EUR',
    amount,
    effective_date,
    original_amount,
    original_date,
  };
}

function sales(
  category: string | null,
  currency: string,
  transactions: number,
  quantity: string | null,
  net_amount: string,
): Row {
  return { tenant_id: 'zenith', category, currency, transactions, quantity, net_amount };
}
