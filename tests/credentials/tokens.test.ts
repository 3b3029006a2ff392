// Tokens and their refresh. Real: Postgres, embedded and as a server, leases, and encrypted secret files.
// Doubled: the provider, whose refresh tokens are good once. Each TokenSource is a process of its own, as far
// as refreshing is concerned. Asserted: what callers get, what the row says, and how often was asked.
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Credential } from '#adapters/kit/provider-api.ts';
import type { Database } from '#platform/database/database.ts';
import { describeOnEachDatabase } from '#platform/database/each-database.ts';
import type { Secrets } from '#platform/secrets/secrets.ts';
import {
  CredentialsRefused,
  DatabaseUnavailable,
  OauthClientMissing,
  ProviderUnavailable,
  SecretsUnavailable,
} from '#schemas/problems.ts';
import { CredentialStore } from '#services/credentials/credential-store.ts';
import type { TokenSource, TokenSourceOptions } from '#services/credentials/token-source.ts';
import { temporarySecrets } from '../support/embedded-drivers.ts';
import {
  type Act,
  addConnection,
  allText,
  expire,
  type Frame,
  liveVersions,
  openFrame,
  revoked,
  rowOf,
  secretsWith,
  testCredential,
  unavailable,
} from './frame.ts';

/** The machine may be busy. */
const WITHIN = { timeout: 15_000 };

describeOnEachDatabase('tokens', (open) => {
  let stack: AsyncDisposableStack;
  let database: Database;
  let secrets: Secrets;
  let frame: Frame;
  let tokens: TokenSource;
  let opened: TokenSource[];

  beforeAll(async () => {
    stack = new AsyncDisposableStack();
    database = stack.adopt(await open(), (one) => one.close()).db;
    secrets = await temporarySecrets(stack);
  });
  afterAll(() => stack.disposeAsync());
  beforeEach(() => {
    frame = openFrame(database, secrets);
    opened = [];
    tokens = another();
  });
  afterEach(async () => {
    await Promise.all(opened.map((one) => one.close()));
  });

  /** Another process. */
  function another(options?: Partial<TokenSourceOptions>): TokenSource {
    const source = frame.tokens(options);
    opened.push(source);
    return source;
  }

  async function connect(overrides: Partial<Credential> = {}): Promise<string> {
    const owner = await addConnection(database);
    await frame.store.put(database, owner, testCredential(overrides), []);
    return owner.id;
  }
  const refOf = (id: string) => `tenants/acme/connections/${id}/credentials`;
  const later = (id: string) =>
    database.query(
      `UPDATE connection_credentials SET retry_at = retry_at - interval '1 day',
         last_refreshed_at = last_refreshed_at - interval '1 day' WHERE connection_id = $1`,
      [id],
    );

  it('gives the token that is good, asks nobody, and notes the use once a minute', async () => {
    const id = await connect();
    const got = await tokens.accessCredential(id);
    expect(got).toEqual(testCredential({ expiresAt: got.expiresAt }));
    await expect
      .poll(async () => (await rowOf(database, id)).last_used_at, WITHIN)
      .toBeInstanceOf(Date);
    const { last_used_at } = await rowOf(database, id);
    await tokens.accessCredential(id);
    await tokens.close();
    expect((await rowOf(database, id)).last_used_at).toEqual(last_used_at);
    await database.query(
      "UPDATE connection_credentials SET last_used_at = now() - interval '61 s'",
    );
    await tokens.accessCredential(id);
    await tokens.close();
    expect((await rowOf(database, id)).last_used_at).not.toEqual(last_used_at);
    expect(frame.provider.calls).toBe(0);
  });

  it('refreshes one that ends within a minute, stores it, and destroys the old one', async () => {
    const id = await connect();
    await expire(database, id, 50);
    const { token, refreshToken } = await tokens.accessCredential(id);
    expect({ token, refreshToken }).toEqual({ token: 'sbxat_1', refreshToken: 'sbxrt_1' });
    const row = await rowOf(database, id);
    expect(row).toMatchObject({
      secret_ref_version: 2,
      refresh_count: '1',
      refresh_started_at: null,
      failures: 0,
      last_refreshed_at: expect.any(Date),
    });
    expect(Number(row.expires_at)).toBeGreaterThan(Date.now() + 3_000_000);
    await tokens.close();
    expect(await liveVersions(secrets, refOf(id))).toEqual([2]);
    await expire(database, id);
    expect((await another().accessCredential(id)).token).toBe('sbxat_2');
    expect(await allText(database)).not.toContain('sbx');
  });

  it('keeps the refresh token where the provider gives none with a refresh', async () => {
    const id = await connect();
    await expire(database, id);
    frame.provider.acts.push(async (used) => ({
      ...used,
      token: 'sbxat_x',
      refreshToken: undefined,
    }));
    expect(await tokens.accessCredential(id)).toMatchObject({
      token: 'sbxat_x',
      refreshToken: 'sbxrt_first',
    });
  });

  it('refreshes once for many callers in several processes', async () => {
    const id = await connect();
    await expire(database, id);
    const answer = Promise.withResolvers<void>();
    frame.provider.acts.push(async (used) => {
      await answer.promise;
      return frame.provider.give(used);
    });
    const sources = [tokens, another(), another()];
    const asked = sources.flatMap((source) =>
      Array.from({ length: 10 }, () => source.accessCredential(id)),
    );
    await expect.poll(() => frame.provider.calls, WITHIN).toBe(1);
    answer.resolve();
    const got = new Set((await Promise.all(asked)).map(({ token }) => token));
    expect([...got]).toEqual(['sbxat_1']);
    expect(frame.provider.calls).toBe(1);
  });

  describe.each([
    { kind: 'oauth2', refreshToken: 'sbxrt_first', refreshes: true },
    { kind: 'client_credentials', refreshToken: undefined, refreshes: true },
    { kind: 'jwt_bearer', refreshToken: undefined, refreshes: true },
    { kind: 'oauth2', refreshToken: undefined, refreshes: false },
    { kind: 'api_key', refreshToken: undefined, refreshes: false },
  ] as const)('$kind with refresh token $refreshToken', ({ kind, refreshToken, refreshes }) => {
    it('that has ended', async () => {
      const id = await connect({ kind, refreshToken });
      await expire(database, id);
      const asking = tokens.accessCredential(id);
      if (kind === 'api_key') {
        expect((await asking).token).toBe('sbxat_first');
      } else if (refreshes) {
        expect((await asking).token).toBe('sbxat_1');
      } else {
        await expect(asking).rejects.toThrow(/ended at .* Authenticate the connection again/);
        await expect(tokens.accessCredential(id)).rejects.toThrow(CredentialsRefused);
        expect(frame.failures).toMatchObject([{ connectionId: id, code: 'token_expired' }]);
      }
      expect(frame.provider.calls).toBe(refreshes ? 1 : 0);
    });

    it('that the provider refused', async () => {
      const id = await connect({ kind, refreshToken });
      const asking = tokens.invalidate(id, 1);
      if (refreshes) expect(await asking).toMatchObject({ version: 2 });
      else await expect(asking).rejects.toThrow(CredentialsRefused);
      expect(frame.provider.calls).toBe(refreshes ? 1 : 0);
      // One refusal may be about what was asked for: others go on.
      expect((await tokens.current(id)).version).toBe(refreshes ? 2 : 1);
      expect(frame.failures).toEqual([]);
    });

    it('that has half a minute left', async () => {
      const id = await connect({ kind, refreshToken });
      await expire(database, id, 30);
      expect((await tokens.current(id)).version).toBe(refreshes ? 2 : 1);
    });
  });

  describe('a refused token', () => {
    it('is refreshed once for all who were refused, and for none who comes later', async () => {
      const id = await connect();
      const sources = [tokens, another(), another()];
      const got = await Promise.all(
        sources.flatMap((source) => [source.invalidate(id, 1), source.invalidate(id, 1)]),
      );
      expect(new Set(got.map(({ version }) => version))).toEqual(new Set([2]));
      expect((await another().invalidate(id, 1)).credential.token).toBe('sbxat_1');
      expect(frame.provider.calls).toBe(1);
    });

    it('is not refreshed again and again', async () => {
      const id = await connect();
      const { version } = await tokens.invalidate(id, 1);
      await expect(tokens.invalidate(id, version)).rejects.toThrow(/though they are new/);
      expect(frame.provider.calls).toBe(1);
      await later(id);
      expect(await tokens.invalidate(id, version)).toMatchObject({ version: 3 });
    });
  });

  const transient: readonly { name: string; act: Act; code: string; answered: boolean }[] = [
    { name: 'a 503', act: unavailable, code: 'provider_unavailable', answered: true },
    {
      name: 'a connection that breaks',
      act: async () => {
        throw new ProviderUnavailable('It broke.', { cause: new Error('ECONNRESET') });
      },
      code: 'provider_unavailable',
      answered: false,
    },
    {
      name: 'no answer in time',
      act: (_used, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
      code: 'provider_unavailable',
      answered: false,
    },
    {
      name: 'a missing OAuth client',
      act: async () => {
        throw new OauthClientMissing('There is no client.');
      },
      code: 'oauth_client_missing',
      answered: false,
    },
    {
      name: 'a fault of our own',
      act: async () => {
        throw new TypeError('sbxat_first is not a function');
      },
      code: 'provider_unavailable',
      answered: false,
    },
  ];
  describe.each(transient)('after $name', ({ act, code, answered }) => {
    it('the token is used while it lasts, then callers wait, then it is refreshed', async () => {
      const id = await connect();
      await expire(database, id, 50);
      tokens = another({ timeoutMs: 20 });
      frame.provider.acts.push(act);
      expect((await tokens.accessCredential(id)).token).toBe('sbxat_first');
      const row = await rowOf(database, id);
      expect(row).toMatchObject({ failures: 1, failure: code, secret_ref_version: 1 });
      const waitMs = Number(row.retry_at) - Number(row.updated_at);
      expect(waitMs).toBeGreaterThanOrEqual(30_000);
      expect(waitMs).toBeLessThanOrEqual(37_500);
      expect(row.refresh_started_at === null).toBe(answered);

      await expire(database, id);
      for (const source of [tokens, another()]) {
        const error = await source.accessCredential(id).catch((thrown: unknown) => thrown);
        expect(error).toMatchObject({
          code: 'provider_unavailable',
          retryAfterSeconds: expect.any(Number),
        });
        expect(String(error)).not.toContain('sbx');
      }
      expect(frame.provider.calls).toBe(1);
      expect(frame.failures).toEqual([]);
      expect(frame.errors.join()).not.toContain('sbx');

      await later(id);
      expect((await tokens.accessCredential(id)).token).toBe('sbxat_2');
      expect(await rowOf(database, id)).toMatchObject({
        failures: 0,
        failure: null,
        retry_at: null,
        refresh_started_at: null,
      });
    });
  });

  it('tells the caller who asked what failed', async () => {
    const id = await connect();
    await expire(database, id);
    frame.provider.acts.push(unavailable);
    await expect(tokens.accessCredential(id)).rejects.toMatchObject({
      message: 'The provider answered 503.',
      retryAfterSeconds: 7,
    });
  });

  it('waits longer each time', async () => {
    const id = await connect();
    await expire(database, id);
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      frame.provider.acts.push(unavailable);
      await expect(tokens.accessCredential(id)).rejects.toThrow(ProviderUnavailable);
      const { retry_at, updated_at } = await rowOf(database, id);
      waits.push(Math.floor((Number(retry_at) - Number(updated_at)) / 30_000));
      await later(id);
    }
    expect(waits).toEqual([1, 2, 4]);
  });

  it('gives up for good when the provider does, and asks again once somebody authenticated', async () => {
    const id = await connect();
    const message = 'The grant of sbxrt_first has ended.';
    frame.provider.acts.push(async () => {
      throw new CredentialsRefused(message);
    });
    await expire(database, id, 50);
    const sources = [tokens, another(), another()];
    for (const result of await Promise.allSettled(sources.map((one) => one.accessCredential(id)))) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'credentials_refused' } });
    }
    const detail = 'The grant of … has ended.';
    expect(frame.failures).toEqual([{ connectionId: id, code: 'refresh_refused', detail }]);
    expect(await rowOf(database, id)).toMatchObject({
      failure: 'refresh_refused',
      failure_detail: detail,
      retry_at: null,
      refresh_started_at: null,
    });
    await expect(tokens.invalidate(id, 1)).rejects.toThrow(detail);
    expect(frame.provider.calls).toBe(1);

    const owner = { id, tenantId: 'acme', orgId: null };
    await frame.store.put(database, owner, testCredential({ token: 'sbxat_again' }), []);
    expect((await tokens.accessCredential(id)).token).toBe('sbxat_again');
    await expire(database, id);
    expect((await another().accessCredential(id)).token).toBe('sbxat_2');
  });

  it('uses what another process got when the provider refuses', async () => {
    const id = await connect();
    await expire(database, id);
    frame.provider.acts.push(async (used) => {
      // Its lease was lost meanwhile, and another process was given tokens.
      const { row } = await frame.store.read(id);
      const next = await frame.provider.give(used);
      const version = await frame.store.versions.add(row.secretRef, next, row.version);
      await frame.store.pinRefreshed(row, version, next);
      return frame.provider.give(used);
    });
    expect((await tokens.accessCredential(id)).token).toBe('sbxat_1');
    expect(frame.failures).toEqual([]);
    expect(await rowOf(database, id)).toMatchObject({ failure: null, secret_ref_version: 2 });
  });

  describe('a process that lost its lease', () => {
    /** Takes the lease away from whoever has it, as if it had run out. */
    const takeLease = (id: string) =>
      database.query('DELETE FROM leases WHERE name = $1', [`token-refresh/${id}`]);

    it('does not overwrite a newer version, and uses it', async () => {
      const id = await connect();
      await expire(database, id);
      const slow = Promise.withResolvers<void>();
      frame.provider.acts.push(async (used) => {
        await slow.promise;
        return { ...used, token: 'sbxat_late', refreshToken: 'sbxrt_late' };
      });
      const first = tokens.accessCredential(id);
      await expect.poll(() => frame.provider.calls, WITHIN).toBe(1);
      await takeLease(id);
      expect((await another().accessCredential(id)).token).toBe('sbxat_2');
      slow.resolve();
      expect((await first).token).toBe('sbxat_2');
      await tokens.close();
      expect(await liveVersions(secrets, refOf(id))).toEqual([2]);
      expect(await rowOf(database, id)).toMatchObject({
        secret_ref_version: 2,
        refresh_count: '1',
      });
    });

    it('stores what it got when nobody has anything newer, as it may be all there is', async () => {
      const id = await connect();
      await expire(database, id);
      const slow = Promise.withResolvers<void>();
      frame.provider.acts.push(async (used) => {
        const next = await frame.provider.give(used);
        await slow.promise;
        return next;
      });
      const first = tokens.accessCredential(id);
      await expect.poll(() => frame.provider.calls, WITHIN).toBe(1);
      await takeLease(id);
      // The refresh token is spent: this one is refused, and says that tokens may be lost.
      await expect(another().accessCredential(id)).rejects.toThrow(/new tokens were lost/);
      slow.resolve();
      expect((await first).token).toBe('sbxat_1');
      expect(await rowOf(database, id)).toMatchObject({ failure: null, secret_ref_version: 2 });
    });

    it('leaves alone the version that another process took into use for it', async () => {
      const id = await connect();
      await expire(database, id);
      const stored = Promise.withResolvers<void>();
      const paused = secretsWith(secrets, {
        addVersion: async (ref, value) => {
          const version = await secrets.addVersion(ref, value);
          await stored.promise;
          return version;
        },
      });
      const onError = (_message: string, error: unknown) => Promise.reject(error);
      const store = new CredentialStore({ database, secrets: paused, onError });
      const first = another({ store }).accessCredential(id);
      await expect.poll(() => liveVersions(secrets, refOf(id)), WITHIN).toEqual([2, 1]);
      await takeLease(id);
      expect((await tokens.accessCredential(id)).token).toBe('sbxat_1');
      stored.resolve();
      expect((await first).token).toBe('sbxat_1');
      await expect.poll(() => liveVersions(secrets, refOf(id)), WITHIN).toEqual([2]);
      expect(frame.provider.calls).toBe(1);
    });
  });

  describe('waiting for another process', () => {
    const holdLease = (id: string, seconds: number) =>
      database.query(
        'INSERT INTO leases VALUES ($1, gen_random_uuid(), now() + make_interval(secs => $2))',
        [`token-refresh/${id}`, seconds],
      );

    it('ends when that one takes too long', async () => {
      const id = await connect();
      await expire(database, id);
      await holdLease(id, 60);
      await expect(another({ waitMs: 100 }).accessCredential(id)).rejects.toThrow(
        /has not come to an end/,
      );
      await expire(database, id, 50);
      expect((await another({ waitMs: 100 }).accessCredential(id)).token).toBe('sbxat_first');
      expect(frame.provider.calls).toBe(0);
    });

    it('goes over to doing it when that one is gone', async () => {
      const id = await connect();
      await expire(database, id);
      await holdLease(id, 0.2);
      expect((await tokens.accessCredential(id)).token).toBe('sbxat_1');
    });
  });

  describe('while the secret store is away', () => {
    let away: boolean;
    let store: CredentialStore;
    beforeEach(() => {
      away = true;
      const failing = secretsWith(secrets, {
        addVersion: (ref, value) =>
          away
            ? Promise.reject(new SecretsUnavailable('The secret store is away.'))
            : secrets.addVersion(ref, value),
      });
      store = new CredentialStore({ database, secrets: failing, onError: () => undefined });
    });

    it('new tokens are not used, and not lost: they are stored later', async () => {
      const id = await connect();
      await expire(database, id);
      const holder = another({ store });
      await expect(holder.accessCredential(id)).rejects.toThrow(SecretsUnavailable);
      expect(await rowOf(database, id)).toMatchObject({
        failure: 'secrets_unavailable',
        secret_ref_version: 1,
        refresh_started_at: expect.any(Date),
      });
      // Others leave the spent refresh token alone.
      await expect(another().accessCredential(id)).rejects.toThrow(ProviderUnavailable);
      away = false;
      expect((await holder.accessCredential(id)).token).toBe('sbxat_1');
      expect(frame.provider.calls).toBe(1);
      expect(await rowOf(database, id)).toMatchObject({ failure: null, secret_ref_version: 2 });
    });

    it('tokens that are stored at the second try are used', async () => {
      const id = await connect();
      await expire(database, id);
      const recovering = another({
        store,
        onError: () => {
          away = false;
        },
      });
      expect((await recovering.accessCredential(id)).token).toBe('sbxat_1');
    });
  });

  describe('a process that ends', () => {
    /** Refreshes, and stops for ever at the step that is named. */
    async function cutOff(id: string, at: 'stored' | 'answered'): Promise<void> {
      const row = await frame.store.row(id);
      if (!row) throw new Error('There is no row.');
      await database.query(
        'UPDATE connection_credentials SET refresh_started_at = now() WHERE connection_id = $1',
        [id],
      );
      const next = await frame.provider.give((await frame.store.read(id)).credential);
      if (at === 'stored') await frame.store.versions.add(row.secretRef, next, row.version);
    }

    it('with the new tokens stored: they are taken into use, and nobody is asked', async () => {
      const id = await connect();
      await expire(database, id);
      await cutOff(id, 'stored');
      expect((await tokens.accessCredential(id)).token).toBe('sbxat_0');
      expect(frame.provider.calls).toBe(0);
      expect(await rowOf(database, id)).toMatchObject({
        secret_ref_version: 2,
        refresh_count: '1',
        refresh_started_at: null,
      });
      await tokens.close();
      expect(await liveVersions(secrets, refOf(id))).toEqual([2]);
    });

    it('long ago with the new tokens stored: they are refreshed', async () => {
      const id = await connect();
      await expire(database, id);
      frame.provider.acts.push(unavailable);
      await cutOff(id, 'stored');
      const given = (await secrets.access(refOf(id), 2)).replace(
        /"expiresAt":"20/,
        '"expiresAt":"19',
      );
      await secrets.destroy(refOf(id), 2);
      await secrets.addVersion(refOf(id), given);
      frame.provider.acts.length = 0;
      expect((await tokens.accessCredential(id)).token).toBe('sbxat_1');
      expect(await rowOf(database, id)).toMatchObject({
        secret_ref_version: 4,
        refresh_count: '2',
      });
    });

    it('without: a provider whose refresh tokens are good once refuses, and it is said why', async () => {
      const id = await connect();
      await expire(database, id);
      await cutOff(id, 'answered');
      await expect(tokens.accessCredential(id)).rejects.toThrow(CredentialsRefused);
      expect(frame.failures).toMatchObject([
        {
          code: 'tokens_lost',
          detail: expect.stringMatching(
            /process ended.*between the provider's answer and storing it, so the new tokens were lost.*has to authenticate the connection again/,
          ),
        },
      ]);
    });

    it('without: a provider whose refresh tokens stay good gives others', async () => {
      const id = await connect();
      await expire(database, id);
      await cutOff(id, 'answered');
      frame.provider.acts.push(async (used) => ({ ...used, token: 'sbxat_other' }));
      expect((await tokens.accessCredential(id)).token).toBe('sbxat_other');
      expect(frame.failures).toEqual([]);
    });

    it('does not take into use what a consent left that was not completed', async () => {
      const id = await connect();
      await expire(database, id);
      await cutOff(id, 'answered');
      await frame.store.versions.add(refOf(id), testCredential({ token: 'sbxat_abandoned' }));
      await expect(tokens.accessCredential(id)).rejects.toThrow(/new tokens were lost/);
    });
  });

  it('finds tokens whose pinning failed', async () => {
    const id = await connect();
    await expire(database, id);
    const away = Object.assign(Object.create(database), {
      query: async (sql: string, values: unknown[]) => {
        if (sql.includes('refresh_count + 1')) throw new DatabaseUnavailable('away');
        return database.query(sql, values);
      },
    });
    const store = new CredentialStore({ database: away, secrets, onError: () => undefined });
    await expect(another({ store }).accessCredential(id)).rejects.toThrow(DatabaseUnavailable);
    expect((await tokens.accessCredential(id)).token).toBe('sbxat_1');
    expect(frame.provider.calls).toBe(1);
  });

  it('destroys what is left when a refresh is overtaken by somebody who authenticates', async () => {
    const id = await connect();
    await expire(database, id);
    const owner = { id, tenantId: 'acme', orgId: null };
    frame.provider.acts.push(async (used) => {
      await frame.store.put(database, owner, testCredential({ token: 'sbxat_person' }), []);
      return frame.provider.give(used);
    });
    expect((await tokens.accessCredential(id)).token).toBe('sbxat_person');
    await tokens.close();
    expect(await liveVersions(secrets, refOf(id))).toEqual([2]);
  });

  it('leaves nothing when a refresh is overtaken by a disconnect', async () => {
    const id = await connect();
    await expire(database, id);
    frame.provider.acts.push(async (used) => {
      await frame.store.remove(database, { id, tenantId: 'acme' });
      return frame.provider.give(used);
    });
    await expect(tokens.accessCredential(id)).rejects.toThrow(/has no credentials/);
    await tokens.close();
    expect(await liveVersions(secrets, refOf(id))).toEqual([]);
  });

  it('sweeps versions that were left behind, now and then', async () => {
    const id = await connect();
    await secrets.addVersion(refOf(id), JSON.stringify(testCredential()));
    await frame.store.versions.add(refOf(id), testCredential());
    await database.query(
      `UPDATE connection_credentials SET secret_ref_version = 3, refresh_count = 19
       WHERE connection_id = $1`,
      [id],
    );
    await expire(database, id);
    await tokens.accessCredential(id);
    await tokens.close();
    expect(await liveVersions(secrets, refOf(id))).toEqual([4]);
  });

  it('tells nobody a token in any error or table', async () => {
    const id = await connect();
    await expire(database, id);
    frame.provider.acts.push(async ({ token, refreshToken }) => {
      throw new ProviderUnavailable(`${token} ${refreshToken}`);
    }, revoked);
    const errors: unknown[] = [];
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await tokens.accessCredential(id).catch((error: unknown) => errors.push(error));
      await later(id);
    }
    expect(errors).toHaveLength(3);
    expect(inspect(errors, { depth: 9 })).not.toContain('sbx');
    expect(frame.errors.join()).not.toContain('sbx');
    expect(await allText(database)).not.toContain('sbx');
  });
});
