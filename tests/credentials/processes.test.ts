// Tokens in several processes. Real: PostgreSQL, processes of their own, encrypted secret files, the product's
// OAuth client, and the sandbox's Salesforce, whose refresh tokens are good once: a second use ends the grant.
// Asserted: how often it was asked, what everybody got, and what a killed process leaves.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { SANDBOX_CLIENT } from '#adapters/kit/oauth-sandbox/options.ts';
import { type OAuthSandbox, startOAuthSandbox } from '#adapters/kit/oauth-sandbox/server.ts';
import { oauthProviders } from '#adapters/oauth-registry.ts';
import type { Database } from '#platform/database/database.ts';
import type { ServerConnection } from '#platform/database/postgres/options.ts';
import { openPostgres } from '#platform/database/postgres/postgres.ts';
import { describeOnPostgres } from '#platform/database/postgres/testing/suite.ts';
import { openEncryptedFileSecrets } from '#platform/secrets/encrypted-file/encrypted-file.ts';
import type { Secrets } from '#platform/secrets/secrets.ts';
import { CredentialsRefused } from '#schemas/problems.ts';
import type { Refresh } from '#services/credentials/refresh.ts';
import { makeRefresh } from '#services/oauth/protocol.ts';
import { temporaryFolder } from '../support/embedded-drivers.ts';
import { addConnection, allText, expire, type Frame, openFrame, rowOf } from './frame.ts';
import type { TokenProcess } from './token-process.ts';

const PROCESSES = 4;
const USERS = 25;
const SCRIPT = join(import.meta.dirname, 'token-process.ts');

describeOnPostgres('tokens in several processes', {}, (server) => {
  let stack: AsyncDisposableStack;
  let connection: ServerConnection;
  let database: Database;
  let folders: { dataDir: string; keyDir: string };
  let secrets: Secrets;
  let sandbox: OAuthSandbox;
  let frame: Frame;
  let refresh: Refresh;
  let id: string;

  beforeAll(async () => {
    stack = new AsyncDisposableStack();
    connection = await server().createDatabase({ migrated: true });
    database = stack.adopt(openPostgres({ connection }), (one) => one.close());
    folders = { dataDir: await temporaryFolder(stack), keyDir: await temporaryFolder(stack) };
    secrets = stack.adopt(await openEncryptedFileSecrets(folders), (one) => one.close());
  });
  afterAll(() => stack.disposeAsync());

  beforeEach(async () => {
    sandbox = stack.adopt(await startOAuthSandbox(), (one) => one.close());
    const protocol = makeRefresh({ providers: oauthProviders(), sandboxUrl: sandbox.url });
    refresh = ({ provider, settings }, credential, signal) =>
      protocol(provider, settings, credential, SANDBOX_CLIENT, signal);
    frame = openFrame(database, secrets);
    id = await connect();
  });

  /** A connection that was authenticated at the sandbox's Salesforce. */
  async function connect(): Promise<string> {
    const owner = await addConnection(database);
    await database.query(
      `UPDATE connections SET provider = 'salesforce',
         settings = '{"login_url":"https://login.salesforce.com"}' WHERE id = $1`,
      [owner.id],
    );
    const scopes = ['api', 'refresh_token'];
    const answer = sandbox.grant({ provider: 'salesforce', scopes });
    const credential = {
      kind: 'oauth2' as const,
      token: String(answer.access_token),
      refreshToken: String(answer.refresh_token),
      scopes,
      facts: {},
    };
    await frame.store.put(database, owner, credential, scopes);
    return owner.id;
  }

  function start(options: Partial<TokenProcess>): { child: ChildProcess; lines: Interface } {
    const own: TokenProcess = {
      connection,
      ...folders,
      sandboxUrl: sandbox.url,
      connectionId: id,
      users: 1,
      ...options,
    };
    const child = spawn(process.execPath, ['--liftoff-only', SCRIPT, JSON.stringify(own)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    stack.defer(() => void child.kill('SIGKILL'));
    return { child, lines: createInterface({ input: child.stdout as NodeJS.ReadableStream }) };
  }
  const nextLine = async (lines: Interface) => String((await once(lines, 'line'))[0]);
  const isGood = async (token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    return (await fetch(`${sandbox.url}/sandbox/whoami`, { headers })).ok;
  };

  it('100 users of a token in 4 processes cause one refresh, and all get the new one', async () => {
    const processes = Array.from({ length: PROCESSES }, () => start({ users: USERS }));
    expect(await Promise.all(processes.map(({ lines }) => nextLine(lines)))).toEqual(
      processes.map(() => 'ready'),
    );
    const ask = async (line: string): Promise<string[]> => {
      // Long enough for all processes to meet it.
      sandbox.fault({ kind: 'slow', on: 'refresh', delay_ms: 300 });
      const answers = processes.map(({ lines }) => nextLine(lines));
      for (const { child } of processes) child.stdin?.write(`${line}\n`);
      return (await Promise.all(answers)).flatMap((answer) => JSON.parse(answer) as string[]);
    };
    const seen = new Set<string>();
    for (const [index, line] of ['invalidate 1', 'current'].entries()) {
      if (line === 'current') await expire(database, id);
      const startedMs = performance.now();
      const got = await ask(line);
      expect(performance.now() - startedMs).toBeLessThan(10_000);
      expect([got.length, new Set(got).size]).toEqual([PROCESSES * USERS, 1]);
      expect(sandbox.stats()).toMatchObject({ refresh_calls: index + 1, refreshed: index + 1 });
      expect(await isGood(got[0] ?? '')).toBe(true);
      seen.add(got[0] ?? '');
    }
    expect(seen.size).toBe(2);
    expect(await rowOf(database, id)).toMatchObject({ refresh_count: '2', secret_ref_version: 3 });
    expect(await allText(database)).not.toContain('sbx');
    for (const { child } of processes) {
      const ended = once(child, 'exit');
      child.stdin?.end();
      expect(await ended).toEqual([0, null]);
    }
  }, 60_000);

  const deaths = [
    { dies: 'after_storing', what: 'are stored: they are used' },
    { dies: 'before_storing', what: 'are lost: somebody has to authenticate' },
  ] as const;
  it.each(deaths)(
    'of a process that is killed, new tokens that $what',
    async ({ dies }) => {
      await expire(database, id);
      const { child, lines } = start({ dies });
      const ended = once(child, 'exit');
      expect(await nextLine(lines)).toBe('ready');
      child.stdin?.write('current\n');
      expect(await ended).toEqual([null, 'SIGKILL']);
      expect(await rowOf(database, id)).toMatchObject({
        secret_ref_version: 1,
        refresh_started_at: expect.any(Date),
      });

      const tokens = frame.tokens({ refresh });
      const asking = tokens.accessCredential(id);
      if (dies === 'after_storing') {
        expect(await isGood((await asking).token)).toBe(true);
        expect(sandbox.stats()).toMatchObject({ refresh_calls: 1 });
      } else {
        await expect(asking).rejects.toThrow(CredentialsRefused);
        expect(sandbox.stats()).toMatchObject({ refresh_calls: 2, refresh_tokens_reused: 1 });
        expect(frame.failures).toMatchObject([
          { code: 'tokens_lost', detail: expect.stringContaining('the new tokens were lost') },
        ]);
        // Whoever authenticates again mends it.
        const answer = sandbox.grant({ provider: 'salesforce', scopes: ['api'] });
        const credential = {
          kind: 'oauth2' as const,
          token: String(answer.access_token),
          scopes: [],
          facts: {},
        };
        await frame.store.put(database, { id, tenantId: 'acme', orgId: null }, credential, []);
        expect(await isGood((await tokens.accessCredential(id)).token)).toBe(true);
      }
      expect(await allText(database)).not.toContain('sbx');
      await tokens.close();
    },
    60_000,
  );
});
