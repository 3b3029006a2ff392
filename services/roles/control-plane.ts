import type { Adapter } from '#adapters/kit/adapter.ts';
import { oauthProviders } from '#adapters/oauth-registry.ts';
import type { Config } from '#platform/config/config.ts';
import type { Database } from '#platform/database/database.ts';
import type { Secrets } from '#platform/secrets/secrets.ts';
import { CredentialsRefused } from '#schemas/problems.ts';
import { recordAudit } from '../audit-log/record.ts';
import { findAdapter } from '../connections/check-settings.ts';
import type { ConnectionDirectory } from '../connections/directory.ts';
import { ConnectionLeave } from '../connections/leave.ts';
import { ConnectionLifecycle } from '../connections/lifecycle.ts';
import { makeObtainCredential } from '../connections/obtain-credential.ts';
import type { Farewell } from '../connections/ports.ts';
import { markFailed } from '../connections/server-changes.ts';
import { type SendHttp, testCredential } from '../connections/test-credential.ts';
import { type CalledConnection, makeCallProvider } from '../credentials/call-provider.ts';
import { CredentialStore } from '../credentials/credential-store.ts';
import { sendRequest } from '../credentials/send-request.ts';
import { TokenSource } from '../credentials/token-source.ts';
import { checkByApi } from '../health/check.ts';
import { logConnection } from '../health/connection-log.ts';
import { openHealth } from '../health/open-health.ts';
import { throughCircuit } from '../health/through-circuit.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { OAuthClientStore } from '../oauth/client-store.ts';
import { ConnectionTokens } from '../oauth/connection-tokens.ts';
import type { OnError } from '../platform/platform.ts';
import { RegistrationService } from '../registrations/registration-service.ts';
import { makeWebhookUrl } from '../registrations/webhook-url.ts';

export interface ControlPlaneOptions {
  readonly adapters: ReadonlyMap<string, Adapter>;
  readonly config: Pick<Config, 'oauthSandboxUrl' | 'platform' | 'tenantId'>;
  readonly database: Database;
  readonly directory: Pick<ConnectionDirectory, 'refresh'>;
  readonly metrics: Metrics;
  readonly onError: OnError;
  readonly publicUrl: () => string;
  readonly secrets: Secrets;
}

/** What API and worker share of connections: how they are made, called, watched and ended. */
export type ControlPlane = ReturnType<typeof openControlPlane>;

const MAX_ANSWER_BYTES = 1024 * 1024;

/** Puts the parts together; nothing of it runs by itself. */
export function openControlPlane(options: ControlPlaneOptions) {
  const { adapters, config, database, directory, metrics, onError, publicUrl, secrets } = options;
  // Sandboxes run on this machine.
  const allowLoopback = config.platform === 'embedded';
  const oauth = { providers: oauthProviders(), sandboxUrl: config.oauthSandboxUrl };
  const clients = new OAuthClientStore({
    ...{ database, secrets },
    operatorTenantId: config.tenantId,
    recordChange: recordAudit,
  });
  const providerTokens = new ConnectionTokens({ oauth, clients, database });
  const credentials = new CredentialStore({ database, secrets, onError });
  const onPermanentFailure = (id: string, reason: string, detail: string) =>
    markFailed({ database, publicUrl }, id, { reason, detail });
  const tokens = new TokenSource({
    database,
    store: credentials,
    refresh: (connection, credential, signal) =>
      providerTokens.refresh(connection, credential, signal),
    onPermanentFailure,
    onError,
  });
  const direct = makeCallProvider({ adapters, tokens, allowLoopback });
  const health = openHealth({
    check: checkByApi({
      adapters,
      callProvider: async (connection) =>
        (await credentials.row(connection.id)) && direct(connection),
    }),
    onPermanentFailure: ({ id }, reason, detail) =>
      markFailed({ database, publicUrl }, id, { reason, detail, isCounted: true }),
    ...{ database, metrics, onError },
  });
  const callProvider = (connection: CalledConnection) =>
    throughCircuit(health.circuits, connection.id, direct(connection));
  const registrations = new RegistrationService({
    ...{ adapters, callProvider, database, onError, secrets },
    webhookUrl: makeWebhookUrl(publicUrl, adapters),
    log: (connection, entry) => logConnection(database, connection, entry),
  });
  const revoke: Farewell = async (connection) => {
    try {
      const { credential } = await credentials.read(connection.id);
      return await providerTokens.takeLeave(connection, credential);
    } catch (error) {
      // There is none, or no longer: nothing to take leave of.
      if (error instanceof CredentialsRefused) return [];
      throw error;
    }
  };
  const send: SendHttp = (url, { method, headers, body, timeoutMs }) =>
    sendRequest(
      { url: new URL(url), method, headers, body },
      { allowLoopback, timeoutMs, maxBytes: MAX_ANSWER_BYTES },
    );
  const apiUrlRules = { allowLoopback };
  const shared = { adapters, apiUrlRules, credentials, database, directory, publicUrl, secrets };
  return {
    accountOf: async (
      provider: string,
      settings: Readonly<Record<string, unknown>>,
      credential: Parameters<typeof testCredential>[2],
    ) => {
      const adapter = findAdapter(adapters, provider);
      if (!adapter.api) return { id: null, name: null };
      return testCredential(adapter, adapter.settingsSchema.parse(settings), credential, send);
    },
    apiUrlRules,
    clients,
    credentials,
    health,
    leave: new ConnectionLeave({ ...shared, farewells: [registrations.farewell, revoke] }),
    lifecycle: new ConnectionLifecycle({
      ...shared,
      onChanged: ({ id, provider }) => {
        if (!adapters.get(provider)?.api?.webhooks) return;
        registrations.ensure(id, { all: true }).catch((error: unknown) => {
          onError(`The webhooks of connection ${id} are left to the schedule.`, error);
        });
      },
    }),
    oauth,
    obtainCredential: makeObtainCredential({ providerTokens, send }),
    onPermanentFailure,
    registrations,
    tokens,
  };
}
