// The OAuth routes behind the server's guard. Real: Fastify, Postgres (PGlite), the encrypted secret store,
// the authorisation servers of the sandbox by HTTP. Doubled: who callers and browsers are (tokens and
// cookies are names), what makes connections (see lifecycle.ts), and the providers' other APIs.
import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { SANDBOX_CLIENT } from '#adapters/kit/oauth-sandbox/options.ts';
import { type OAuthSandbox, startOAuthSandbox } from '#adapters/kit/oauth-sandbox/server.ts';
import type { Account } from '#adapters/kit/provider-api.ts';
import { oauthProviders } from '#adapters/oauth-registry.ts';
import type { Database } from '#platform/database/database.ts';
import { openTestDatabase } from '#platform/database/testing.ts';
import type { Secrets } from '#platform/secrets/secrets.ts';
import { InvalidSettings, NotAuthenticated } from '#schemas/problems.ts';
import type { Identity } from '#services/access/principal.ts';
import { createServer } from '#services/http/server.ts';
import { OAuthClientStore } from '#services/oauth/client-store.ts';
import type { ConnectionDraft, Session } from '#services/oauth/lifecycle.ts';
import { oauthRoutes } from '#services/oauth/routes.ts';
import { temporarySecrets } from '../support/embedded-drivers.ts';
import { makeLifecycle } from './lifecycle.ts';

export const PUBLIC_URL = 'http://127.0.0.1:8080';

const identity = (actor: string, tenantId: string, orgId: string | null, role = 'administrator') =>
  ({ actor, tenantId, orgId, role }) as Identity;

/** Whoever calls, by token or by cookie. */
const PEOPLE: Readonly<Record<string, Identity>> = {
  operator: identity('operator', 'operator', null, 'owner'),
  platform: identity('platform', 'acme', null),
  ana: identity('ana', 'acme', 'one'),
  anas_phone: identity('ana', 'acme', 'one'),
  ben: identity('ben', 'acme', 'two'),
  mia: identity('mia', 'acme', 'one', 'member'),
  rival: identity('rival', 'rival', 'one'),
};

function sessionFor(name: string): Session | null {
  const person = PEOPLE[name];
  const secret = `cookie-of-${name}`;
  const idHash = createHash('sha256').update(secret).digest('hex');
  return person ? { idHash, secret, identity: person } : null;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly body: Record<string, unknown>;
}

export interface CallOptions {
  readonly as?: string;
  /** Whose browser; null for none. Default: that of `as`. */
  readonly browser?: string | null;
  readonly body?: object;
  readonly accept?: string;
  readonly org?: string;
}

export interface OAuthApp {
  readonly server: FastifyInstance;
  readonly sandbox: OAuthSandbox;
  readonly database: Database;
  readonly secrets: Secrets;
  readonly clients: OAuthClientStore;
  /** References of all secrets that were made. */
  readonly refs: Set<string>;
  readonly logLines: string[];
  readonly drafts: ConnectionDraft[];
  /** What providers say whose a credential is. */
  account: { of: () => Promise<Account> };
  call(
    method: 'GET' | 'PUT' | 'POST' | 'DELETE',
    url: string,
    options?: CallOptions,
  ): Promise<Answer>;
}

export async function openOAuthApp(stack: AsyncDisposableStack): Promise<OAuthApp> {
  const logLines: string[] = [];
  const logger = pino({ level: 'trace' }, { write: (line: string) => void logLines.push(line) });
  const sandbox = stack.adopt(await startOAuthSandbox(), (one) => one.close());
  const { db: database } = stack.adopt(await openTestDatabase(), (one) => one.close());
  const kept = await temporarySecrets(stack);
  const refs = new Set<string>();
  const secrets: Secrets = new Proxy(kept, {
    get(target, name) {
      if (name === 'create') {
        return (ref: string, value: string) => {
          refs.add(ref);
          return target.create(ref, value);
        };
      }
      const value = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const providers = oauthProviders();
  const drafts: ConnectionDraft[] = [];
  const lifecycle = makeLifecycle(database, secrets);
  const account: OAuthApp['account'] = { of: async () => ({ id: null, name: null }) };
  const clients = new OAuthClientStore({
    database,
    secrets,
    operatorTenantId: 'operator',
    recordChange: async (
      tx,
      { tenantId, orgId, actor },
      { action, subjectType, subjectId, after },
    ) => {
      await tx.query(
        `INSERT INTO audit_log (tenant_id, org_id, actor, action, subject_type, subject_id, after)
         VALUES ($1, $2, $3, $4, $5, $6, $7)`,
        [tenantId, orgId, actor, action, subjectType, subjectId, JSON.stringify(after ?? null)],
      );
    },
  });
  const server = await createServer({
    logger,
    authenticate: async ({ headers }) => {
      const found = PEOPLE[headers.authorization?.replace('Bearer ', '') ?? ''];
      if (found) return found;
      throw new NotAuthenticated('Send a token.');
    },
    bodyLimitBytes: 64 * 1024,
    operatorTenantId: 'operator',
  });
  stack.defer(() => server.close());
  await server.register(oauthRoutes, {
    oauth: { providers, sandboxUrl: sandbox.url, timeoutMs: 2_000 },
    database,
    clients,
    lifecycle: {
      create(principal, draft, fresh) {
        drafts.push(draft);
        return lifecycle.create(principal, draft, fresh);
      },
      authenticate: (...all) => lifecycle.authenticate(...all),
    },
    accountOf: () => account.of(),
    checkSettings: (_provider, settings) => {
      if (settings.color === undefined) return settings;
      throw new InvalidSettings('There is no color.');
    },
    sessionOf: async ({ headers }) => sessionFor(String(headers.cookie)),
    publicUrl: () => PUBLIC_URL,
    onError: (message, error) => logger.error({ err: error }, message),
  });
  await server.ready();
  return {
    server,
    sandbox,
    database,
    secrets,
    clients,
    refs,
    logLines,
    drafts,
    account,
    call: async (method, url, { as = 'ana', browser = as, body, accept, org } = {}) => {
      const response = await server.inject({
        method,
        url,
        headers: {
          authorization: `Bearer ${as}`,
          ...(browser !== null && { cookie: browser }),
          ...(accept !== undefined && { accept }),
          ...(org !== undefined && { 'x-org-id': org }),
        },
        ...(body && { payload: body }),
      });
      const { statusCode: status, payload: text, headers } = response;
      return { status, headers, text, body: text.startsWith('{') ? JSON.parse(text) : {} };
    },
  };
}

/** Registers the sandbox's app with providers, for all tenants. */
export async function registerClients(
  { clients }: OAuthApp,
  providers: Iterable<string>,
): Promise<void> {
  const operator = PEOPLE.operator as Identity;
  for (const provider of providers) {
    await clients.put({ ...operator, reach: 'tenant' }, provider, SANDBOX_CLIENT);
  }
}
