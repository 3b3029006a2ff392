// What tests of credentials share: connections in Postgres, secrets in files, and a provider that can be told
// what to do with the next refresh.
import type { Credential } from '#adapters/kit/provider-api.ts';
import type { Database } from '#platform/database/database.ts';
import type { Secrets } from '#platform/secrets/secrets.ts';
import { CredentialsRefused, ProviderUnavailable } from '#schemas/problems.ts';
import { CredentialStore } from '#services/credentials/credential-store.ts';
import type { Refresh } from '#services/credentials/refresh.ts';
import { TokenSource, type TokenSourceOptions } from '#services/credentials/token-source.ts';

export const TENANT = 'acme';
export const HOUR_MS = 3_600_000;

/** A credential whose tokens hold `sbx`, so that they can be searched for. */
export function testCredential(overrides: Partial<Credential> = {}): Credential {
  return {
    kind: 'oauth2',
    token: 'sbxat_first',
    refreshToken: 'sbxrt_first',
    expiresAt: new Date(Date.now() + HOUR_MS).toISOString(),
    scopes: ['crm.read'],
    facts: { instance_url: 'https://acme.example.com' },
    ...overrides,
  };
}

export type Act = (credential: Credential, signal: AbortSignal) => Promise<Credential>;

/** A provider whose refresh tokens are good once. */
export class TestProvider {
  calls = 0;
  /** What it does instead, call by call. */
  readonly acts: Act[] = [];
  readonly #spent = new Set<string>();

  readonly refresh: Refresh = async (_connection, credential, signal) => {
    this.calls += 1;
    const act = this.acts.shift() ?? ((used: Credential) => this.give(used));
    return act(credential, signal);
  };

  async give({ refreshToken = '', ...rest }: Credential): Promise<Credential> {
    const isOauth = rest.kind === 'oauth2';
    if (isOauth && this.#spent.has(refreshToken)) {
      throw new CredentialsRefused('The grant has ended.');
    }
    this.#spent.add(refreshToken);
    const expiresAt = new Date(Date.now() + HOUR_MS).toISOString();
    return {
      ...rest,
      token: `sbxat_${this.calls}`,
      ...(isOauth && { refreshToken: `sbxrt_${this.calls}` }),
      expiresAt,
    };
  }
}

export const unavailable: Act = async () => {
  throw new ProviderUnavailable('The provider answered 503.', { retryAfterSeconds: 7 });
};
export const revoked: Act = async () => {
  throw new CredentialsRefused('The grant has ended.');
};

export interface Frame {
  readonly database: Database;
  readonly secrets: Secrets;
  readonly store: CredentialStore;
  readonly provider: TestProvider;
  /** What was said of permanent failures. */
  readonly failures: { connectionId: string; code: string; detail: string }[];
  /** Messages of what no caller is told. */
  readonly errors: string[];
  /** Another process, as far as tokens are concerned. */
  tokens(overrides?: Partial<TokenSourceOptions>): TokenSource;
}

export function openFrame(database: Database, secrets: Secrets): Frame {
  const provider = new TestProvider();
  const failures: Frame['failures'] = [];
  const errors: string[] = [];
  const onError = (message: string, error: unknown) =>
    errors.push(`${message} ${(error as Error).message}`);
  const storeOf = (given: Secrets) => new CredentialStore({ database, secrets: given, onError });
  return {
    database,
    secrets,
    store: storeOf(secrets),
    provider,
    failures,
    errors,
    tokens: (overrides) =>
      new TokenSource({
        database,
        store: storeOf(secrets),
        refresh: provider.refresh,
        onPermanentFailure: (connectionId, code, detail) => {
          failures.push({ connectionId, code, detail });
        },
        onError,
        storeRetriesMs: [1],
        ...overrides,
      }),
  };
}

/** The same secret store, but for some of its methods. */
export function secretsWith(secrets: Secrets, methods: Partial<Secrets>): Secrets {
  return new Proxy(secrets, {
    get(target, name: keyof Secrets) {
      const own = target[name] as (...values: unknown[]) => unknown;
      return methods[name] ?? own.bind(target);
    },
  });
}

let made = 0;

/** Inserts a connection. @returns its owner, for the store */
export async function addConnection(
  database: Database,
  { tenantId = TENANT, orgId = null as string | null, status = 'active' } = {},
) {
  made += 1;
  const id = `con_${made}`;
  await database.query(
    `INSERT INTO connections (id, tenant_id, org_id, provider, name, status, settings, secret_ref)
     VALUES ($1, $2, $3, 'hubspot', $1, $4, '{"region":"eu"}', $5)`,
    [id, tenantId, orgId, status, `tenants/${tenantId}/connections/${id}/webhook`],
  );
  return { id, tenantId, orgId };
}

/** The row as it stands, all columns. */
export async function rowOf(database: Database, id: string): Promise<Record<string, unknown>> {
  const [row] = await database.query(
    'SELECT * FROM connection_credentials WHERE connection_id = $1',
    [id],
  );
  return row ?? {};
}

/** Lets the token in use end. */
export async function expire(database: Database, id: string, seconds = -1): Promise<void> {
  await database.query(
    `UPDATE connection_credentials SET expires_at = now() + make_interval(secs => $2)
     WHERE connection_id = $1`,
    [id, seconds],
  );
}

/** Versions of a secret that still have a value. */
export async function liveVersions(secrets: Secrets, ref: string): Promise<number[]> {
  const versions = await secrets.versions(ref);
  return versions.filter(({ state }) => state !== 'destroyed').map(({ version }) => version);
}

/** Every value of every column of every table that people and programs read, as one text. */
export async function allText(database: Database): Promise<string> {
  const tables = await database.query<{ name: string }>(
    `SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = current_schema()`,
  );
  const texts = await Promise.all(
    tables.map(async ({ name }) => {
      const rows = await database.query<{ text: string }>(`SELECT t::text AS text FROM ${name} t`);
      return rows.map(({ text }) => text).join('\n');
    }),
  );
  return texts.join('\n');
}
