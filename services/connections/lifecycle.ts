import type { Adapter } from '#adapters/kit/adapter.ts';
import type { ApiUrlRules } from '#adapters/kit/api-url.ts';
import type { Database, Queryable } from '#platform/database/database.ts';
import { forTenant } from '#platform/database/tenant-database.ts';
import type { Secrets } from '#platform/secrets/secrets.ts';
import { ConnectionDisconnected, DatabaseUnavailable, InvalidRequest } from '#schemas/problems.ts';
import type { Principal } from '../access/principal.ts';
import { recordAudit } from '../audit-log/record.ts';
import { checkSettings, findAdapter } from './check-settings.ts';
import { chooseSecret } from './choose-secret.ts';
import type { Connection } from './connection.ts';
import type { ConnectionDirectory } from './directory.ts';
import type { CredentialKeeper, NewCredential } from './ports.ts';
import { checkIfMatch } from './precondition.ts';
import { type ConnectionChange, ConnectionStore, newConnectionId } from './store.ts';
import { shown } from './view.ts';

export interface LifecycleOptions {
  readonly adapters: ReadonlyMap<string, Adapter>;
  readonly credentials: CredentialKeeper;
  readonly database: Database;
  readonly directory: Pick<ConnectionDirectory, 'refresh'>;
  readonly secrets: Secrets;
  readonly publicUrl: () => string;
  /** Where settings may say that APIs are called. */
  readonly apiUrlRules?: ApiUrlRules | undefined;
  /** Told of a connection that has a new credential, or other settings. Nobody waits for it. */
  readonly onChanged?: (connection: Connection) => void;
}

export interface ConnectionDraft {
  readonly provider: string;
  readonly name: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** The webhook secret, where the provider made it. */
  readonly secret?: string | undefined;
}

export interface Created {
  readonly connection: Connection;
  readonly secret: string;
  /** True when the secret was made just now: it is shown once. */
  readonly made: boolean;
}

const ACTIVE = { status: 'active', statusReason: null, statusDetail: null } as const;
const DISABLED = {
  status: 'inactive',
  statusReason: 'disabled',
  statusDetail: 'Somebody disabled it.',
} as const;

/** What people do with connections. Each change and its entry in the audit log are one transaction. */
export class ConnectionLifecycle {
  readonly #options: LifecycleOptions;

  constructor(options: LifecycleOptions) {
    this.#options = options;
  }

  /**
   * Makes a connection that receives at once, and calls its provider where it has a credential.
   *
   * @throws InvalidRequest, InvalidSettings, ConnectionExists, AccountConnected; nothing is left then
   */
  async create(
    principal: Principal,
    draft: ConnectionDraft,
    credential?: NewCredential,
  ): Promise<Created> {
    const { adapters, apiUrlRules, secrets } = this.#options;
    const adapter = findAdapter(adapters, draft.provider);
    const settings = checkSettings(adapter, draft.settings, apiUrlRules);
    const { secret, made } = chooseSecret(adapter, settings, draft.secret);
    const { tenantId, orgId } = principal;
    const id = newConnectionId();
    const secretRef = `tenants/${tenantId}/connections/${id}/webhook`;
    // The secret first: a connection without one would refuse every webhook.
    const { version } = await secrets.create(secretRef, secret);
    const insert = async (tx: Queryable): Promise<Connection> => {
      const connection = await new ConnectionStore(tx).insert(
        { ...draft, tenantId, orgId, settings, ...accountOf(credential) },
        id,
        secretRef,
      );
      await this.#record(tx, principal, 'created', undefined, connection);
      return connection;
    };
    try {
      const connection = await this.#withCredential(principal, id, credential, insert);
      await this.#options.directory.refresh();
      this.#options.onChanged?.(connection);
      return { connection, secret, made };
    } catch (error) {
      // When the answer to a commit is lost the connection may be there, and needs it.
      if (!(error instanceof DatabaseUnavailable)) await secrets.destroy(secretRef, version);
      throw error;
    }
  }

  /**
   * Changes name, labels or settings.
   *
   * @param ifMatch the header If-Match
   * @throws PreconditionFailed, NotFound, NotPermitted, InvalidSettings, ConnectionExists
   */
  edit(
    principal: Principal,
    id: string,
    change: Pick<ConnectionChange, 'name' | 'labels' | 'settings'>,
    ifMatch: string | undefined,
  ): Promise<Connection> {
    return this.#change(principal, id, ifMatch, 'updated', ({ provider }) => {
      if (!change.settings) return change;
      const { adapters, apiUrlRules } = this.#options;
      const adapter = findAdapter(adapters, provider);
      return { ...change, settings: checkSettings(adapter, change.settings, apiUrlRules) };
    });
  }

  /**
   * Lets a connection receive and call, or keeps it from both.
   *
   * @throws ConnectionDisconnected, PreconditionFailed, NotFound, NotPermitted
   */
  setEnabled(
    principal: Principal,
    id: string,
    enabled: boolean,
    ifMatch?: string,
  ): Promise<Connection> {
    const action = enabled ? 'enabled' : 'disabled';
    return this.#change(principal, id, ifMatch, action, (connection) => {
      if (!enabled) return connection.status === 'inactive' ? undefined : DISABLED;
      refuseDisconnected(connection);
      // What is in error stays so until it is authenticated: enabling would only hide it.
      return connection.status === 'inactive' ? ACTIVE : undefined;
    });
  }

  /**
   * Gives a connection a new credential, and makes it active again.
   *
   * @throws InvalidRequest when it is of another account
   * @throws NotFound, NotPermitted, AccountConnected
   */
  async authenticate(
    principal: Principal,
    id: string,
    credential: NewCredential,
  ): Promise<Connection> {
    const decide = (connection: Connection) => {
      refuseOtherAccount(connection, credential);
      return { ...ACTIVE, disconnectedAt: null, ...accountOf(credential) };
    };
    const connection = await this.#withCredential(principal, id, credential, (tx) =>
      this.#changeIn(tx, principal, id, undefined, 'authenticated', decide),
    );
    await this.#options.directory.refresh();
    this.#options.onChanged?.(connection);
    return connection;
  }

  /** Connects one without a credential again, as it was: it receives. @throws NotFound, NotPermitted */
  reconnect(principal: Principal, id: string): Promise<Connection> {
    return this.#change(principal, id, undefined, 'reconnected', ({ disconnectedAt }) =>
      disconnectedAt ? { ...ACTIVE, disconnectedAt: null } : undefined,
    );
  }

  async #change(
    principal: Principal,
    id: string,
    ifMatch: string | undefined,
    action: string,
    decide: (connection: Connection) => ConnectionChange | undefined,
  ): Promise<Connection> {
    const database = forTenant(this.#options.database, principal);
    const connection = await database.transaction((tx) =>
      this.#changeIn(tx, principal, id, ifMatch, action, decide),
    );
    await this.#options.directory.refresh();
    this.#options.onChanged?.(connection);
    return connection;
  }

  async #changeIn(
    tx: Queryable,
    principal: Principal,
    id: string,
    ifMatch: string | undefined,
    action: string,
    decide: (connection: Connection) => ConnectionChange | undefined,
  ): Promise<Connection> {
    const store = new ConnectionStore(tx);
    const before = await store.own(principal, id);
    checkIfMatch(before, ifMatch);
    const change = decide(before);
    if (!change) return before;
    const after = await store.update(before, change);
    await this.#record(tx, principal, action, before, after);
    return after;
  }

  /** One transaction, which stores the credential too, where there is one. */
  async #withCredential(
    principal: Principal,
    id: string,
    credential: NewCredential | undefined,
    work: (tx: Queryable) => Promise<Connection>,
  ): Promise<Connection> {
    const { credentials, database: ofAll } = this.#options;
    const database = forTenant(ofAll, principal);
    if (!credential) return database.transaction(work);
    const { tenantId, orgId } = principal;
    const done = Promise.withResolvers<Connection>();
    await credentials.put(
      database,
      { id, tenantId, orgId },
      credential.credential,
      credential.scopesRequested,
      async (tx) => done.resolve(await work(tx)),
    );
    return done.promise;
  }

  #record(
    tx: Queryable,
    principal: Principal,
    verb: string,
    before: Connection | undefined,
    after: Connection | undefined,
  ): Promise<void> {
    const view = (one: Connection | undefined) => one && shown(one, this.#options.publicUrl());
    return recordAudit(tx, principal, {
      action: `connection.${verb}`,
      subjectType: 'connection',
      subjectId: (after ?? before)?.id ?? '',
      before: view(before),
      after: view(after),
    });
  }
}

function accountOf(credential: NewCredential | undefined) {
  const account = credential?.account;
  return account?.id ? { accountId: account.id, accountName: account.name } : {};
}

function refuseDisconnected({ id, disconnectedAt }: Connection): void {
  if (!disconnectedAt) return;
  throw new ConnectionDisconnected(
    `Connection ${id} is disconnected. Reconnect it: POST /v1/connections/${id}/reconnect.`,
  );
}

function refuseOtherAccount({ id, accountId }: Connection, { account }: NewCredential): void {
  if (accountId === null || account.id === null || accountId === account.id) return;
  throw new InvalidRequest(
    `Connection ${id} is of the account ${accountId}, and these credentials are of ${account.id}. Sign in to the same account, or add a connection for the other one.`,
  );
}
