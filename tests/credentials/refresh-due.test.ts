// The task token-refresh. Real: Postgres, embedded and as a server, and encrypted secret files. Doubled: the
// provider. Asserted: which connections it refreshes, and what it reports.
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Database } from '#platform/database/database.ts';
import { describeOnEachDatabase } from '#platform/database/each-database.ts';
import type { Secrets } from '#platform/secrets/secrets.ts';
import { markFailed } from '#services/connections/server-changes.ts';
import { type RefreshDueOptions, refreshDue } from '#services/credentials/refresh-due.ts';
import type { TokenSource } from '#services/credentials/token-source.ts';
import { temporarySecrets } from '../support/embedded-drivers.ts';
import {
  type Act,
  addConnection,
  expire,
  type Frame,
  openFrame,
  revoked,
  rowOf,
  testCredential,
  unavailable,
} from './frame.ts';

describeOnEachDatabase('the task token-refresh', (open) => {
  let stack: AsyncDisposableStack;
  let database: Database;
  let secrets: Secrets;
  let frame: Frame;
  let tokens: TokenSource;

  const onPermanentFailure = (id: string, reason: string, detail: string) =>
    markFailed({ database, publicUrl: () => 'https://hooks.example.com' }, id, { reason, detail });

  beforeAll(async () => {
    stack = new AsyncDisposableStack();
    database = stack.adopt(await open(), (one) => one.close()).db;
    secrets = await temporarySecrets(stack);
  });
  afterAll(() => stack.disposeAsync());
  beforeEach(async () => {
    await database.query('DELETE FROM connections');
    frame = openFrame(database, secrets);
    tokens = frame.tokens({ onPermanentFailure });
  });

  const run = (overrides: Partial<RefreshDueOptions> = {}) =>
    refreshDue({
      database,
      tokens,
      onPermanentFailure,
      onError: (message) => frame.errors.push(message),
      ...overrides,
    })();

  /** @param seconds until its token ends */
  async function connect(seconds: number, credential = {}, status = 'active'): Promise<string> {
    const owner = await addConnection(database, { status });
    await frame.store.put(
      database,
      owner,
      testCredential({ refreshToken: `sbxrt_${owner.id}`, ...credential }),
      [],
    );
    await expire(database, owner.id, seconds);
    return owner.id;
  }
  const versionOf = async (id: string) => (await rowOf(database, id)).secret_ref_version;
  const statusOf = async (id: string) => {
    const [row] = await database.query(
      'SELECT status, status_reason, version FROM connections WHERE id = $1',
      [id],
    );
    return row;
  };

  it('refreshes what ends within five minutes, and leaves the rest', async () => {
    const cases = [
      { what: 'ended', id: await connect(-3_600), refreshed: true },
      { what: 'ends soon', id: await connect(299), refreshed: true },
      { what: 'ends in six minutes', id: await connect(361), refreshed: false },
      { what: 'inactive', id: await connect(10, {}, 'inactive'), refreshed: false },
      { what: 'in error', id: await connect(10, {}, 'error'), refreshed: false },
      { what: 'API key', id: await connect(10, { kind: 'api_key' }), refreshed: false },
      {
        what: 'client credentials',
        id: await connect(10, { kind: 'client_credentials', refreshToken: undefined }),
        refreshed: true,
      },
    ];
    const waiting = await connect(10);
    await database.query(
      `UPDATE connection_credentials SET failure = 'x', retry_at = now() + interval '1 minute'
       WHERE connection_id = $1`,
      [waiting],
    );
    expect(await run()).toEqual({ refreshed: 3, failed: 0, left: 0 });
    for (const { what, id, refreshed } of cases) {
      expect([what, await versionOf(id)]).toEqual([what, refreshed ? 2 : 1]);
    }
    expect(await versionOf(waiting)).toBe(1);
    expect(await run()).toEqual({ refreshed: 0, failed: 0, left: 0 });
    expect(frame.provider.calls).toBe(3);
  });

  it('spreads connections over a minute, the same way each time', async () => {
    const ids = await Promise.all(Array.from({ length: 12 }, () => connect(330)));
    const { refreshed } = (await run()) as { refreshed: number };
    expect(refreshed).toBeGreaterThan(0);
    expect(refreshed).toBeLessThan(12);
    const early = async () => {
      const versions = await Promise.all(ids.map(versionOf));
      return ids.filter((_, index) => Number(versions[index]) > 1);
    };
    const first = await early();
    for (const id of first) await expire(database, id, 330);
    await run();
    expect(await early()).toEqual(first);
  });

  it('goes through all batches, five at a time', async () => {
    await Promise.all(Array.from({ length: 20 }, () => connect(10)));
    let underWay = 0;
    let most = 0;
    let five = Promise.withResolvers<void>();
    const act: Act = async (used) => {
      underWay += 1;
      most = Math.max(most, underWay);
      // With fewer than five at a time this waits for ever.
      const all = five;
      if (underWay === 5) all.resolve();
      await all.promise;
      five = Promise.withResolvers<void>();
      underWay -= 1;
      return frame.provider.give(used);
    };
    frame.provider.acts.push(...Array.from({ length: 20 }, () => act));
    expect(await run({ batchRows: 10 })).toEqual({ refreshed: 20, failed: 0, left: 0 });
    expect(most).toBe(5);
  });

  it('reports what failed, marks what has ended for good, and does not come back to it', async () => {
    const ids = [await connect(10), await connect(20), await connect(30)];
    frame.provider.acts.push(unavailable, revoked);
    expect(await run()).toEqual({ refreshed: 1, failed: 2, left: 0 });
    const rows = await Promise.all(ids.map((id) => rowOf(database, id)));
    expect(rows.map(({ failure }) => failure).sort()).toEqual(
      ['provider_unavailable', 'refresh_refused', null].sort(),
    );
    const failed = ids[rows.findIndex(({ failure }) => failure === 'refresh_refused')] ?? '';
    expect(await statusOf(failed)).toEqual({
      status: 'error',
      status_reason: 'refresh_refused',
      version: '2',
    });
    const logs = await database.query(
      'SELECT connection_id, level, kind, code FROM connection_logs',
    );
    expect(logs).toEqual([
      { connection_id: failed, level: 'error', kind: 'credentials', code: 'refresh_refused' },
    ]);
    expect(await run()).toEqual({ refreshed: 0, failed: 0, left: 0 });
  });

  it('marks a failure that a process stored before it ended', async () => {
    const id = await connect(3_600);
    await database.query(
      `UPDATE connection_credentials SET failure = 'tokens_lost', failure_detail = 'x'
       WHERE connection_id = $1`,
      [id],
    );
    await run();
    expect(await statusOf(id)).toMatchObject({ status: 'error', status_reason: 'tokens_lost' });
  });

  it('leaves what it has no time for', async () => {
    const last = await connect(200);
    const first = await connect(-5);
    expect(await run({ timeMs: 0 })).toEqual({ refreshed: 0, failed: 0, left: 2 });
    expect(await run()).toMatchObject({ refreshed: 2 });
    expect(await Promise.all([first, last].map(versionOf))).toEqual([2, 2]);
  });

  it('leaves it to another process that is at it', async () => {
    await connect(10);
    await database.query(
      "INSERT INTO leases VALUES ('token-refresh', gen_random_uuid(), now() + interval '1 minute')",
    );
    expect(await run()).toEqual({ skipped: 'another process is at it' });
    await database.query("DELETE FROM leases WHERE name = 'token-refresh'");
    expect(await run()).toMatchObject({ refreshed: 1 });
  });
});
