import { setTimeout as delay } from 'node:timers/promises';
import type { Adapter } from '#adapters/kit/adapter.ts';
import type { CallProvider, WebhookApi } from '#adapters/kit/provider-api.ts';
import type { Database } from '#platform/database/database.ts';
import type { Secrets } from '#platform/secrets/secrets.ts';
import type { Connection } from '../connections/connection.ts';
import type { Farewell } from '../connections/ports.ts';
import { type LeaseOutcome, withLease } from '../leases/lease.ts';
import { planSteps } from './plan.ts';
import { Registrar } from './registrar.ts';
import type {
  LogRegistration,
  RegisteredWith,
  RegisteringConnection,
  Registration,
} from './registration.ts';
import { RegistrationStore } from './registration-store.ts';
import { settledVersion } from './webhook-secret.ts';

export interface RegistrationServiceOptions {
  /** The server's own: registrations are its work, for whichever tenant. */
  readonly database: Database;
  readonly adapters: ReadonlyMap<string, Adapter>;
  readonly secrets: Pick<Secrets, 'versions' | 'access'>;
  /** The provider's API with the credentials of a connection. */
  readonly callProvider: (connection: Connection) => CallProvider;
  /** Where a provider sends the webhooks of a connection to; with a secret, its secret segment included. */
  readonly webhookUrl: (connection: Connection, secret?: string) => string;
  readonly log: LogRegistration;
  readonly onError: (message: string, error: unknown) => void;
  readonly nowMs?: () => number;
}

export interface EnsureOptions {
  /** Also extends what is not due, and tries what waits for its next attempt. */
  readonly all?: boolean;
  /** How long to wait for another process that is at it. Default: not at all. */
  readonly waitMs?: number;
}

const POLL_MS = 100;
const FAREWELL_WAIT_MS = 10_000;

/**
 * Sees to it that providers keep the webhooks that connections want, where they have an API for it. Every
 * step can be cut off: the row comes before the call, and what is found half-done is done again, which at
 * the provider leaves one webhook. One process at a time is at a connection.
 */
export class RegistrationService {
  readonly store: RegistrationStore;
  readonly #options: RegistrationServiceOptions;
  readonly #nowMs: () => number;

  constructor(options: RegistrationServiceOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? Date.now;
    this.store = new RegistrationStore(options.database);
  }

  /** Providers with an API for it. */
  providers(): string[] {
    return [...this.#options.adapters].flatMap(([name, { api }]) => (api?.webhooks ? [name] : []));
  }

  /**
   * Registers what a connection wants and does not have, extends what is due, and removes what it does not
   * want: everything, once it is disconnected. To be called when it got credentials, and after its
   * settings, its webhook secret or its status changed; the schedule sees to the rest.
   *
   * @returns what there is then; not held when another process is at it
   */
  async ensure(
    connectionId: string,
    { all = false, waitMs = 0 }: EnsureOptions = {},
  ): Promise<LeaseOutcome<Registration[]>> {
    return this.#alone(connectionId, waitMs, async (connection, signal) => {
      const wanted = this.wantedBy(connection);
      if (wanted === undefined) return;
      const rows = await this.store.list([connection.id]);
      const target =
        wanted.length > 0
          ? await this.#registeredWith(connection).catch(() => undefined)
          : undefined;
      const steps = planSteps({ wanted, rows, target, nowMs: this.#nowMs(), all });
      const registrar = this.#registrar(connection);
      for (const step of registrar ? steps : []) {
        signal.throwIfAborted();
        await registrar?.take(step);
      }
    });
  }

  /**
   * Removes every webhook of a connection at its provider, before its credentials go. What is left is
   * tried again by the schedule, until the provider says that the credentials are no good any more.
   */
  readonly farewell: Farewell = async ({ id }) => {
    const notes: string[] = [];
    const outcome = await this.#alone(id, FAREWELL_WAIT_MS, async (connection, signal) => {
      const registrar = this.#registrar(connection, (note) => notes.push(note));
      for (const row of await this.store.list([connection.id])) {
        signal.throwIfAborted();
        await registrar?.take({ kind: 'remove', resource: row.resource, row });
      }
    });
    if (!outcome.held)
      notes.push('Its webhooks were being registered just then. Look for them there.');
    return notes;
  };

  /**
   * What should be registered for a connection as it is now; undefined when what there is should be left
   * alone: while it is disabled, has no credentials, or has settings that do not fit.
   */
  wantedBy(connection: RegisteringConnection): readonly string[] | undefined {
    const { disconnectedAt, status, hasCredential, settings, provider } = connection;
    const adapter = this.#options.adapters.get(provider);
    if (disconnectedAt !== null) return [];
    if (status === 'inactive' || !hasCredential) return undefined;
    const parsed = adapter?.settingsSchema.safeParse(settings);
    return parsed?.success ? adapter?.api?.webhooks?.resources(parsed.data) : undefined;
  }

  /** Does the work while no other process is at this connection; without one, there is nothing to do. */
  async #alone(
    connectionId: string,
    waitMs: number,
    work: (connection: RegisteringConnection, signal: AbortSignal) => Promise<void>,
  ): Promise<LeaseOutcome<Registration[]>> {
    const lease = { name: `registrations/${connectionId}`, holdMs: 30_000 };
    const deadlineMs = performance.now() + waitMs;
    for (;;) {
      const outcome = await withLease(this.#options.database, lease, async (signal) => {
        const connection = await this.store.connection(connectionId);
        if (connection) await work(connection, signal);
        return this.store.list([connectionId]);
      });
      if (outcome.held || performance.now() >= deadlineMs) return outcome;
      await delay(POLL_MS);
    }
  }

  #registrar(
    connection: RegisteringConnection,
    note: (text: string) => void = () => undefined,
  ): Registrar | undefined {
    const { callProvider, log, onError, secrets, webhookUrl } = this.#options;
    const adapter = this.#options.adapters.get(connection.provider);
    const webhooks: WebhookApi<unknown> | undefined = adapter?.api?.webhooks;
    if (!adapter || !webhooks) return undefined;
    return new Registrar({
      connection,
      webhooks,
      call: callProvider(connection),
      target: async () => {
        const registered = await this.#registeredWith(connection);
        const secret = await secrets.access(connection.secretRef, registered.secretVersion);
        const settings = adapter.settingsSchema.parse(connection.settings);
        const url = webhookUrl(connection, secret);
        const target = { connectionId: connection.id, settings, url, secret, nowMs: this.#nowMs() };
        return { target, registered };
      },
      store: this.store,
      log,
      note,
      nowMs: this.#nowMs,
      onError,
    });
  }

  async #registeredWith(
    connection: Connection,
  ): Promise<RegisteredWith & { secretVersion: number }> {
    const { secrets, webhookUrl } = this.#options;
    const secretVersion = await settledVersion(secrets, connection.secretRef, this.#nowMs());
    return { secretVersion, url: webhookUrl(connection) };
  }
}
