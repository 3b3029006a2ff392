// Sessions at their ends, and links that work once. Real: Postgres, embedded and as a server.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Database } from '#platform/database/database.ts';
import { describeOnEachDatabase } from '#platform/database/each-database.ts';
import type { TestDatabase } from '#platform/database/testing.ts';
import type { Identity } from './principal.ts';
import { SessionStore } from './session-store.ts';

const identity: Identity = {
  tenantId: 'acme',
  orgId: 'one',
  role: 'administrator',
  actor: 'user jane',
};

describeOnEachDatabase('sessions', (open) => {
  let database: TestDatabase;
  let db: Database;
  let store: SessionStore;
  let count = 0;
  beforeAll(async () => {
    database = await open();
    db = database.db;
    store = new SessionStore(db);
  });
  afterAll(() => database.close());

  const start = async (change: object = {}) => {
    count += 1;
    const idHash = `hash-${count}`;
    const expiresAt = await store.start({ idHash, identity, ...change });
    return { idHash, expiresAt };
  };
  const lastSeen = async (idHash: string, agoMinutes: number) => {
    await db.query(
      `UPDATE sessions SET last_seen_at = now() - make_interval(mins => $2) WHERE id_hash = $1`,
      [idHash, agoMinutes],
    );
  };
  const seenSecondsAgo = async (idHash: string) => {
    const [row] = await db.query<{ ago: number }>(
      `SELECT extract(epoch FROM now() - last_seen_at)::float8 AS ago FROM sessions WHERE id_hash = $1`,
      [idHash],
    );
    return row?.ago;
  };

  it('say who it is, and end after twelve hours', async () => {
    const { idHash, expiresAt } = await start();
    expect(await store.find(idHash)).toEqual({ identity, expiresAt });
    expect(expiresAt.getTime() - Date.now()).toBeGreaterThan(11.9 * 3_600_000);
    expect(expiresAt.getTime() - Date.now()).toBeLessThan(12.1 * 3_600_000);
    await db.query('UPDATE sessions SET expires_at = now() WHERE id_hash = $1', [idHash]);
    expect(await store.find(idHash)).toBeUndefined();
  });

  it.each([
    { agoMinutes: 119, lives: true },
    { agoMinutes: 121, lives: false },
  ])('that idled for $agoMinutes minutes live: $lives', async ({ agoMinutes, lives }) => {
    const { idHash } = await start();
    await lastSeen(idHash, agoMinutes);
    expect((await store.find(idHash)) !== undefined).toBe(lives);
  });

  it('note their use, once a minute', async () => {
    const { idHash } = await start();
    await lastSeen(idHash, 30);
    await store.find(idHash);
    expect(await seenSecondsAgo(idHash)).toBeLessThan(30);
    await db.query(
      `UPDATE sessions SET last_seen_at = now() - interval '50 seconds' WHERE id_hash = $1`,
      [idHash],
    );
    await store.find(idHash);
    expect(await seenSecondsAgo(idHash)).toBeGreaterThanOrEqual(50);
  });

  it('end when they are signed out, or replaced by the next of the browser', async () => {
    const first = await start();
    const other = await start();
    const second = await start({ replaces: first.idHash });
    expect(await store.find(first.idHash)).toBeUndefined();
    await store.end(second.idHash);
    expect(await store.find(second.idHash)).toBeUndefined();
    expect(await store.find(other.idHash)).toBeDefined();
  });

  it('come from a link once, also when it is followed many times at once', async () => {
    const link = { id: 'link-1', expiresAt: new Date(Date.now() + 60_000) };
    const kept = await start();
    const tries = await Promise.allSettled(
      Array.from({ length: 8 }, () => start({ link, replaces: undefined })),
    );
    const codes = tries.map((one) => (one.status === 'fulfilled' ? 'in' : one.reason.code));
    expect(codes.toSorted()).toEqual(['in', ...Array(7).fill('sign_in_link_invalid')]);
    // A link that does not work ends no session.
    await expect(start({ link, replaces: kept.idHash })).rejects.toThrow('used before');
    expect(await store.find(kept.idHash)).toBeDefined();
  });
});
