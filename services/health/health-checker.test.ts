// Checks of connections. Real: Postgres, embedded and as a server. Doubled: the provider.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Database } from '#platform/database/database.ts';
import { describeOnEachDatabase } from '#platform/database/each-database.ts';
import type { TestDatabase } from '#platform/database/testing.ts';
import {
  CredentialsRefused,
  ProviderRefused,
  ProviderUnavailable,
  SecretsUnavailable,
} from '#schemas/problems.ts';
import type { CheckConnection } from './check.ts';
import { Circuits } from './circuits.ts';
import { letPass, loggedCodes, storeConnection } from './health.test-support.ts';
import { HealthChecker, type HealthCheckerOptions } from './health-checker.ts';

const ACCOUNT = { id: '42', name: 'Acme' };

describeOnEachDatabase('health checks', (open) => {
  let opened: TestDatabase;
  let database: Database;
  let circuits: Circuits;
  /** Ids in the order in which they were checked. */
  let checked: string[];
  let told: string[];
  let permanent: string[];

  beforeAll(async () => {
    opened = await open();
    database = opened.db;
    circuits = new Circuits({ database, onError: (message) => told.push(message) });
  });
  afterAll(() => opened.close());
  beforeEach(async () => {
    await database.query('DELETE FROM connections');
    checked = [];
    told = [];
    permanent = [];
  });

  /** One process. */
  function checker(
    check: CheckConnection = async () => ACCOUNT,
    options: Partial<HealthCheckerOptions> = {},
  ): HealthChecker {
    return new HealthChecker({
      database,
      circuits,
      check: async (connection, signal) => {
        checked.push(connection.id);
        return check(connection, signal);
      },
      onPermanentFailure: async ({ id }, code) => void permanent.push(`${id} ${code}`),
      onError: (message) => told.push(message),
      ...options,
    });
  }

  const failing = (error: Error) => checker(() => Promise.reject(error));

  const becomeDue = () =>
    database.query("UPDATE connection_health SET next_check_at = now() - interval '1 s'");

  async function stored(id: string) {
    const [row] = await database.query(
      `SELECT status, status_reason, status_detail, last_error, last_error_detail,
         last_error_at IS NOT NULL AS has_error_time, error_count, version, updated_at = created_at AS is_untouched
       FROM connections WHERE id = $1`,
      [id],
    );
    return row;
  }

  const checks = () =>
    database.query(
      'SELECT connection_id, tenant_id, org_id, outcome, code, detail FROM connection_checks ORDER BY id',
    );

  it('checks each connection once in its interval, however many processes look', async () => {
    const ids = Array.from({ length: 8 }, (_, index) => `con_${index}`);
    for (const id of ids) await storeConnection(database, id, { orgId: 'org_1' });
    const runs = await Promise.all([checker().run(), checker().run(), checker().run()]);
    expect(checked.toSorted()).toEqual(ids.toSorted());
    expect(runs.reduce((sum, { ok }) => sum + ok, 0)).toBe(8);
    expect(await checker().run()).toEqual({ ok: 0, failed: 0, not_checkable: 0, skipped: 0 });
    expect(checked).toHaveLength(8);
    await becomeDue();
    await Promise.all([checker().run(), checker().run()]);
    expect(checked).toHaveLength(16);
    expect(new Set(checked.slice(8)).size).toBe(8);
    const rows = await checks();
    expect(rows).toHaveLength(16);
    expect(rows[0]).toMatchObject({
      tenant_id: 'acme',
      org_id: 'org_1',
      outcome: 'ok',
      code: null,
    });
  });

  it('is due again after its interval, up to a tenth early', async () => {
    await storeConnection(database, 'con_1');
    await storeConnection(database, 'con_2');
    await database.query(
      `INSERT INTO connection_health (connection_id, tenant_id, interval_seconds)
       VALUES ('con_2', 'acme', 3600)`,
    );
    await checker().run();
    const rows = await database.query<{ seconds: number }>(
      `SELECT extract(epoch FROM next_check_at - last_check_at)::float8 AS seconds
       FROM connection_health ORDER BY connection_id`,
    );
    const [first = 0, second = 0] = rows.map(({ seconds }) => seconds);
    expect(first).toBeGreaterThan(260);
    expect(first).toBeLessThanOrEqual(300);
    expect(second).toBeGreaterThan(3_230);
    expect(second).toBeLessThanOrEqual(3_600);
  });

  it('leaves disabled and disconnected connections alone', async () => {
    for (const id of ['con_on', 'con_error', 'con_off', 'con_gone']) {
      await storeConnection(database, id);
    }
    await database.query("UPDATE connections SET status = 'error' WHERE id = 'con_error'");
    await database.query("UPDATE connections SET status = 'inactive' WHERE id = 'con_off'");
    await database.query("UPDATE connections SET disconnected_at = now() WHERE id = 'con_gone'");
    await checker().run();
    expect(checked.toSorted()).toEqual(['con_error', 'con_on']);
  });

  it('notes failures on the connection, and marks it after three in a row', async () => {
    await storeConnection(database, 'con_1');
    const away = failing(new ProviderUnavailable('HubSpot answered 502.'));
    for (const count of [1, 2]) {
      await becomeDue();
      expect(await away.run()).toMatchObject({ failed: 1 });
      expect(await stored('con_1')).toEqual({
        status: 'active',
        status_reason: null,
        status_detail: null,
        last_error: 'provider_unavailable',
        last_error_detail: 'HubSpot answered 502.',
        has_error_time: true,
        error_count: String(count),
        version: '1',
        is_untouched: true,
      });
    }
    await becomeDue();
    await away.run();
    expect(await stored('con_1')).toMatchObject({
      status: 'error',
      status_reason: 'health',
      status_detail: 'HubSpot answered 502.',
      last_error: 'provider_unavailable',
      error_count: '3',
      // Analysts are told of it, and whoever waits for alerts.
      version: '2',
    });
    await becomeDue();
    await checker().run();
    expect(await stored('con_1')).toMatchObject({
      status: 'active',
      status_reason: null,
      status_detail: null,
      last_error: 'provider_unavailable',
      version: '3',
    });
    const audited = await database.query('SELECT actor, action FROM audit_log ORDER BY id');
    expect(audited).toEqual([
      { actor: 'system', action: 'connection.failed' },
      { actor: 'system', action: 'connection.recovered' },
    ]);
    expect(await loggedCodes(database, 'con_1')).toEqual([
      'check_failed',
      'marked_failing',
      'check_ok_again',
    ]);
    expect((await checks()).map(({ outcome }) => outcome)).toEqual([
      'failed',
      'failed',
      'failed',
      'ok',
    ]);
  });

  it('does not mark for failures from before the connection was mended', async () => {
    await storeConnection(database, 'con_1');
    const away = failing(new ProviderRefused('no'));
    for (let count = 0; count < 2; count += 1) {
      await becomeDue();
      await away.run();
    }
    await database.query('UPDATE connections SET status_since = now()');
    await becomeDue();
    await away.run();
    expect(await stored('con_1')).toMatchObject({ status: 'active', error_count: '3' });
  });

  it('clears no error that others have marked', async () => {
    await storeConnection(database, 'con_1');
    await database.query(
      "UPDATE connections SET status = 'error', status_reason = 'credentials_refused'",
    );
    expect(await checker().run()).toMatchObject({ ok: 1 });
    expect(await stored('con_1')).toMatchObject({ status: 'error' });
  });

  it('tells of credentials that are refused, once for each check', async () => {
    await storeConnection(database, 'con_1');
    await failing(new CredentialsRefused('The token was revoked.')).run();
    expect(permanent).toEqual(['con_1 credentials_refused']);
    expect(await circuits.mayCall('con_1')).toEqual({ allowed: true });
    expect(told).toEqual([]);
  });

  it('keeps nothing of a check that something of ours prevents, and looks again soon', async () => {
    await storeConnection(database, 'con_1');
    expect(await failing(new SecretsUnavailable('away')).run()).toMatchObject({ skipped: 1 });
    expect(await checks()).toEqual([]);
    const [row] = await database.query<{ soon: boolean }>(
      "SELECT next_check_at <= now() + interval '1 minute' AS soon FROM connection_health",
    );
    expect(row).toEqual({ soon: true });
    expect(await stored('con_1')).toMatchObject({ last_error: null, error_count: '0' });
  });

  it('notes that there is nothing to check by', async () => {
    await storeConnection(database, 'con_1');
    expect(await checker(async () => undefined).run()).toMatchObject({ not_checkable: 1 });
    expect(await checks()).toEqual([]);
    const rows = await database.query(
      'SELECT last_check_at IS NOT NULL AS looked, last_outcome FROM connection_health',
    );
    expect(rows).toEqual([{ looked: true, last_outcome: null }]);
  });

  it('keeps the text of a bug to the log of the server', async () => {
    await storeConnection(database, 'con_1');
    await failing(new TypeError('undefined is not hunter2')).run();
    const [check] = await checks();
    expect(check).toMatchObject({ outcome: 'failed', code: 'check_broken' });
    expect(JSON.stringify([check, await stored('con_1')])).not.toContain('hunter2');
    expect(told).toEqual(['The check of connection con_1 has a fault.']);
  });

  it('gives up a provider that does not answer, and others do not wait for it', async () => {
    await storeConnection(database, 'con_slow');
    for (const id of ['con_1', 'con_2', 'con_3']) await storeConnection(database, id);
    let wasAborted = false;
    const noteAbort = () => {
      wasAborted = true;
    };
    const slow: CheckConnection = ({ id }, signal) =>
      id === 'con_slow'
        ? new Promise(() => signal.addEventListener('abort', noteAbort))
        : Promise.resolve(ACCOUNT);
    const counts = await checker(slow, { timeoutMs: 300, concurrency: 2 }).run();
    expect(counts).toMatchObject({ ok: 3, failed: 1 });
    expect(wasAborted).toBe(true);
    const [row] = await database.query<{ duration_ms: number }>(
      `SELECT code, detail, duration_ms FROM connection_checks WHERE outcome = 'failed'`,
    );
    expect(row).toMatchObject({
      code: 'provider_unavailable',
      detail: 'The provider did not answer within 0.3 s.',
    });
    expect(row?.duration_ms).toBeGreaterThanOrEqual(290);
  });

  it('begins no check that would not end within the run', async () => {
    for (let index = 0; index < 6; index += 1) await storeConnection(database, `con_${index}`);
    const slow: CheckConnection = () => new Promise(() => undefined);
    const options = { timeoutMs: 200, runMs: 350, concurrency: 2 };
    const startedMs = performance.now();
    await checker(slow, options).run();
    const tookMs = performance.now() - startedMs;
    expect(tookMs).toBeLessThan(5_000);
    expect(checked.length).toBeLessThan(6);
    // The rest is still due.
    await checker().run();
    expect(new Set(checked).size).toBe(6);
    expect(checked).toHaveLength(6);
  });

  it('ends what is under way when the process stops, as if it had not been begun', async () => {
    for (let index = 0; index < 4; index += 1) await storeConnection(database, `con_${index}`);
    const silent = checker(() => new Promise(() => undefined), { concurrency: 2 });
    const run = silent.run();
    await expect.poll(() => checked.length).toBe(2);
    silent.stop();
    expect(await run).toEqual({ ok: 0, failed: 0, not_checkable: 0, skipped: 2 });
    expect(await checks()).toEqual([]);
    expect(await stored('con_0')).toMatchObject({ error_count: '0' });
    const due = await database.query(
      "SELECT 1 FROM connection_health WHERE next_check_at <= now() + interval '1 minute'",
    );
    expect(due).toHaveLength(4);
  });

  it('makes at most so many checks at once', async () => {
    for (let index = 0; index < 12; index += 1) await storeConnection(database, `con_${index}`);
    let underWay = 0;
    let most = 0;
    const counting: CheckConnection = async () => {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise((resolve) => setTimeout(resolve, 20));
      underWay -= 1;
      return ACCOUNT;
    };
    expect(await checker(counting).run()).toMatchObject({ ok: 12 });
    expect(most).toBeLessThanOrEqual(5);
    expect(most).toBeGreaterThan(1);
  });

  describe('and the circuit', () => {
    async function opens(): Promise<void> {
      await storeConnection(database, 'con_1');
      for (let count = 0; count < 5; count += 1) {
        await becomeDue();
        await failing(new ProviderUnavailable('no answer')).run();
      }
    }

    it('open it after five failures, and close it by the first success', async () => {
      await opens();
      expect((await circuits.mayCall('con_1')).allowed).toBe(false);
      await becomeDue();
      await checker().run();
      expect(await circuits.mayCall('con_1')).toEqual({ allowed: true });
    });

    it('are not made while the one call is under way', async () => {
      await opens();
      await letPass(database, 'con_1', 36);
      expect((await circuits.mayCall('con_1')).allowed).toBe(true);
      checked = [];
      await becomeDue();
      expect(await checker().run()).toMatchObject({ skipped: 1, ok: 0 });
      expect(checked).toEqual([]);
    });
  });

  describe('on request', () => {
    it('are made at once, and answer what they found out', async () => {
      const connection = await storeConnection(database, 'con_1');
      const result = await checker().checkNow(connection);
      expect(result).toMatchObject({ outcome: 'ok', account: ACCOUNT });
      // The next one by schedule is an interval away.
      await checker().run();
      expect(checked).toEqual(['con_1']);
    });

    it('end quietly for a connection that is deleted meanwhile', async () => {
      const connection = await storeConnection(database, 'con_1');
      const deleting = checker(async () => {
        await database.query('DELETE FROM connections');
        throw new ProviderUnavailable('no answer');
      });
      expect(await deleting.checkNow(connection)).toMatchObject({ outcome: 'failed' });
      expect(await checks()).toEqual([]);
    });

    it('of many answer in their order, and leave out what the time does not suffice for', async () => {
      const connections = [];
      for (const id of ['con_1', 'con_2', 'con_3']) {
        connections.push(await storeConnection(database, id));
      }
      const second: CheckConnection = async ({ id }) =>
        id === 'con_2' ? Promise.reject(new ProviderRefused('no')) : ACCOUNT;
      const results = await checker(second).checkAll(connections);
      expect(results.map((result) => result?.outcome)).toEqual(['ok', 'failed', 'ok']);
      const late = await checker(second, { runMs: 1, timeoutMs: 2 }).checkAll(connections);
      expect(late).toEqual([undefined, undefined, undefined]);
    });
  });
});
