// What is measured of connections. Real: Postgres (PGlite).
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openTestDatabase, type TestDatabase } from '#platform/database/testing.ts';
import { Metrics } from '../metrics/metrics.ts';
import { ledgerCleanup } from '../tasks/ledger-cleanup.ts';
import { storeChecks, storeConnection } from './health.test-support.ts';
import { countChecks, measureHealth } from './measure.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

it('counts connections by status, open circuits, checks that are overdue and made', async () => {
  const { db } = database;
  for (const id of ['con_1', 'con_2', 'con_off', 'con_gone']) await storeConnection(db, id);
  await db.query("UPDATE connections SET status = 'inactive' WHERE id = 'con_off'");
  await db.query(
    "UPDATE connections SET status = 'error', disconnected_at = now() WHERE id = 'con_gone'",
  );
  await db.query(
    `INSERT INTO connection_health (connection_id, tenant_id, next_check_at, circuit)
     SELECT id, tenant_id, now() - interval '6 minutes',
       CASE id WHEN 'con_1' THEN 'half_open' WHEN 'con_2' THEN 'open' ELSE 'closed' END
     FROM connections`,
  );
  const metrics = new Metrics();
  measureHealth(metrics, db);
  countChecks(metrics)('failed');
  const text = await metrics.text();
  const values = text.split('\n').filter((line) => /^tributary_/.test(line));
  expect(values.toSorted()).toEqual([
    'tributary_circuits_open 2',
    'tributary_connections{status="active"} 2',
    'tributary_connections{status="disconnected"} 1',
    'tributary_connections{status="error"} 0',
    'tributary_connections{status="inactive"} 1',
    'tributary_health_checks_overdue 2',
    'tributary_health_checks_total{outcome="failed"} 1',
  ]);
});

it('forgets checks and logs when their days are over', async () => {
  const { db } = database;
  await storeConnection(db, 'con_old');
  const day = 86_400;
  await storeChecks(db, 'con_old', [{ agoSeconds: 13 * day }, { agoSeconds: 15 * day }]);
  await db.query(
    `INSERT INTO connection_logs (connection_id, tenant_id, logged_at, level, kind, code, message)
     SELECT 'con_old', 'acme', now() - make_interval(days => ago), 'info', 'poll', ago::text, ''
     FROM (VALUES (13), (15)) AS days (ago)`,
  );
  expect(await ledgerCleanup(db, 14)()).toEqual({ removed: 2 });
  expect(await db.query('SELECT code FROM connection_logs')).toEqual([{ code: '13' }]);
  expect(await db.query('SELECT 1 FROM connection_checks')).toHaveLength(1);
});
