// /v1/reconcile; see api-app.ts for what is real. What reconciliation itself does: tests/reconcile.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { OUTBOX, PUBLISHED } from '#schemas/tables.ts';
import { eventToRow } from '#services/outbox/event-row.ts';
import { eventAt, proofOf } from '../reconcile/proofs.ts';
import { type ApiApp, openApi } from './api-app.ts';

const MINUTE_MS = 60_000;
let stack: AsyncDisposableStack;
let api: ApiApp;

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  api = await openApi(stack);
});
afterAll(() => stack.disposeAsync());
beforeEach(async () => {
  for (const table of ['progress', 'gaps', 'runs'])
    await api.database.query(`DELETE FROM reconcile_${table}`);
  await api.database.query(
    `INSERT INTO reconcile_progress (name, since, published_through, appended_through)
     VALUES ('integration-events', now() - interval '2 days', now() - interval '2 hours', now() - interval '2 hours')`,
  );
});

describe('POST /v1/reconcile', () => {
  it("heals, counts what it did of all tenants, and names the caller's events alone", async () => {
    const now = Date.now();
    const own = eventAt('own', now - 5 * MINUTE_MS);
    const others = eventAt('of another', now - 5 * MINUTE_MS, { tenant_id: 'other' });
    const carried = eventAt('carried', now - 4 * MINUTE_MS);
    await api.warehouse.append(OUTBOX.name, [own, others].map(eventToRow));
    await api.warehouse.append(PUBLISHED.name, [proofOf(carried, now - 4 * MINUTE_MS)]);
    const dry = await api.call('POST', '/v1/reconcile', { dry_run: true });
    expect(dry).toMatchObject({
      status: 200,
      body: {
        report: { dry_run: true, publish: { found: 2, republished: 0 }, append: { found: 1 } },
        event_ids: { publish: [own.event_id], append: [carried.event_id] },
      },
    });
    const healed = await api.call('POST', '/v1/reconcile', {});
    expect(healed.body).toMatchObject({
      report: { kind: 'manual', publish: { republished: 2 }, append: { appended: 1 } },
    });
    expect(healed.text).not.toContain(others.event_id);
    const status = await api.call('GET', '/v1/reconcile');
    expect(status.body).toMatchObject({
      state: 'running',
      awaiting: 2,
      unproven: 0,
      runs: [
        { kind: 'manual', dry_run: false, report: { append: { appended: 1 } } },
        { kind: 'manual', dry_run: true },
      ],
    });
  });

  it.each([
    { name: 'a time that is none', body: { from: 'yesterday' } },
    { name: 'a field that is unknown', body: { force: true } },
    { name: 'a time before proofs are complete', body: { from: '2020-01-01T00:00:00Z' } },
  ])('refuses $name', async ({ body }) => {
    const answer = await api.call('POST', '/v1/reconcile', body);
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });

  it('says that another run is under way', async () => {
    await api.database.query(
      `INSERT INTO leases VALUES ('reconcile', gen_random_uuid(), now() + interval '1 minute')`,
    );
    const answer = await api.call('POST', '/v1/reconcile', {});
    await api.database.query('DELETE FROM leases');
    expect(answer).toMatchObject({ status: 409, body: { code: 'reconcile_running' } });
    expect(answer.headers['retry-after']).toBe('30');
  });
});

describe('GET /v1/reconcile and its resumption', () => {
  it('shows a suspension, what is stuck of the caller, and lets it go on', async () => {
    await api.database.query(
      "UPDATE reconcile_progress SET state = 'suspended', reason = 'no_proof_arrives'",
    );
    await api.database.query(
      `INSERT INTO reconcile_gaps (direction, event_id, tenant_id, at, state, reason, attempts)
       VALUES ('publish', 'own', 'acme', now(), 'unproven', NULL, 3),
              ('append', 'theirs', 'other', now(), 'unusable', 'not_json', 0)`,
    );
    const { body } = await api.call('GET', '/v1/reconcile');
    expect(body).toMatchObject({
      state: 'suspended',
      reason: 'no_proof_arrives',
      unproven: 1,
      unusable: 1,
      stuck: [{ event_id: 'own', direction: 'publish', state: 'unproven', attempts: 3 }],
      publish: { behind_seconds: expect.any(Number) },
    });
    const resumed = await api.call('POST', '/v1/reconcile/resume', {});
    expect(resumed).toMatchObject({ status: 200, body: { state: 'probing', reason: null } });
  });

  it('shows a run whose report is of another version without it', async () => {
    await api.database.query(
      `INSERT INTO reconcile_runs (kind, dry_run, published_through, appended_through, report)
       VALUES ('deep', false, now(), now(), '{"of":"another version"}')`,
    );
    const { status, body } = await api.call('GET', '/v1/reconcile');
    expect([status, body.runs]).toMatchObject([200, [{ kind: 'deep', report: null }]]);
  });
});
