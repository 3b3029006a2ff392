// Real: Postgres, embedded and as a server. Asserted: what is removed, and above all what stays.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeOnEachDatabase } from '#platform/database/each-database.ts';
import type { TestDatabase } from '#platform/database/testing.ts';
import { DEAD_LETTER_STATES } from '../dead-letters/dead-letter.ts';
import { ledgerCleanup } from './ledger-cleanup.ts';

describeOnEachDatabase('the clean-up of ledgers', (open) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.close());

  it('removes old entries and settled letters in batches, and never what waits', async () => {
    const { db } = database;
    const at = (days: number) => `now() - interval '${days} days'`;
    for (const [count, days] of [
      [2_500, 9],
      [10, 7],
    ] as const) {
      await db.query(
        `INSERT INTO processed_events (consumer, event_id, tenant_id, processed_at)
         SELECT 'one', gen_random_uuid(), 'acme', ${at(days)} FROM generate_series(1, ${count})`,
      );
      await db.query(
        `INSERT INTO replayed_events (replay_id, consumer, event_id, tenant_id, processed_at)
         SELECT 'r', 'one', gen_random_uuid(), 'acme', ${at(days)} FROM generate_series(1, 3)`,
      );
      for (const state of DEAD_LETTER_STATES) {
        await db.query(
          `INSERT INTO dead_letters (id, consumer, topic, tenant_id, message, message_bytes, state,
             attempts, reason, history, changed_at)
           VALUES (gen_random_uuid(), 'one', 't', 'acme', '{}', 2, $1, 1, 'Error', '[]', ${at(days)})`,
          [state],
        );
      }
    }
    expect(await ledgerCleanup(db, 8)()).toEqual({ removed: 2_500 + 3 + 3 });
    expect(await db.query('SELECT count(*)::int AS n FROM processed_events')).toEqual([{ n: 10 }]);
    expect(await db.query('SELECT count(*)::int AS n FROM replayed_events')).toEqual([{ n: 3 }]);
    expect(
      await db.query(
        'SELECT state, count(*)::int AS n FROM dead_letters GROUP BY state ORDER BY state',
      ),
    ).toEqual([
      { state: 'dropped', n: 1 },
      { state: 'open', n: 2 },
      { state: 'resolved', n: 1 },
      { state: 'retried', n: 1 },
      { state: 'retrying', n: 2 },
    ]);
    expect(await ledgerCleanup(db, 8)()).toEqual({ removed: 0 });
  });

  const timed = [
    {
      table: 'sessions',
      insert: `(id_hash, tenant_id, role, subject, expires_at) VALUES ($1, 'acme', 'owner', 's', $2)`,
      days: 0,
    },
    { table: 'used_sign_in_links', insert: '(id, expires_at) VALUES ($1, $2)', days: 1 },
    {
      table: 'oauth_authorizations',
      insert: `(state_hash, tenant_id, session_hash, provider, draft, scopes, actor, expires_at)
        VALUES ($1, 'acme', 's', 'zoho', '{}', '{}', 'a', $2)`,
      days: 0,
    },
    {
      table: 'idempotency_keys',
      insert: `(tenant_id, actor, key, request_hash, created_at) VALUES ('acme', 'a', $1, 'h', $2)`,
      days: 1,
    },
    {
      table: 'connection_checks',
      insert: `(connection_id, tenant_id, outcome, code, duration_ms, checked_at)
        VALUES ('con_1', 'acme', 'ok', $1, 1, $2)`,
      days: 30,
    },
    {
      table: 'connection_logs',
      insert: `(connection_id, tenant_id, level, kind, code, message, logged_at)
        VALUES ('con_1', 'acme', 'info', 'poll', $1, 'm', $2)`,
      days: 30,
    },
  ];

  it.each(timed)('removes $table $days days after their time', async ({ table, insert, days }) => {
    const { db } = database;
    await db.query(
      `INSERT INTO connections (id, tenant_id, provider, name, status, settings, secret_ref)
       VALUES ('con_1', 'acme', 'hubspot', 'x', 'active', '{}', 'ref') ON CONFLICT DO NOTHING`,
    );
    const ago = (minutes: number) => new Date(Date.now() - days * 86_400_000 - minutes * 60_000);
    await db.query(`INSERT INTO ${table} ${insert}`, ['over', ago(5)]);
    await db.query(`INSERT INTO ${table} ${insert}`, ['not yet', ago(-5)]);
    expect(await ledgerCleanup(db, 8)()).toEqual({ removed: 1 });
    const rows = await db.query<{ row: string }>(`SELECT t::text AS row FROM ${table} t`);
    expect(rows).toEqual([{ row: expect.stringContaining('not yet') }]);
  });

  it('keeps API keys, however long ago they ended', async () => {
    const { db } = database;
    await db.query(
      `INSERT INTO api_keys (id, tenant_id, name, prefix, hash, role, created_by, expires_at, revoked_at)
       VALUES ('tk_1', 'acme', 'n', 'tk_1_', 'h', 'owner', 'a', '2000-01-01', '2000-01-01')`,
    );
    await ledgerCleanup(db, 8)();
    expect(await db.query('SELECT id FROM api_keys')).toEqual([{ id: 'tk_1' }]);
  });
});
