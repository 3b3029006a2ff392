// A provider that keeps webhooks in memory, and fails when it is told to, with the adapter to it.
import type { Adapter } from '#adapters/kit/adapter.ts';
import type { CallProvider, WebhookApi } from '#adapters/kit/provider-api.ts';
import { adaptersByProvider } from '#adapters/registry.ts';

export interface KeptWebhook {
  readonly resource: string;
  readonly url: string;
  readonly secret: string;
  expiresAtMs: number;
}

const LIFE_MS = 6 * 86_400_000;

/** The provider: what it keeps, by id, and what was asked of it. */
export class TestProvider {
  readonly kept = new Map<string, KeptWebhook>();
  readonly asked: string[] = [];
  /** Thrown by the next calls, one each; undefined lets one pass. */
  readonly failures: (Error | undefined)[] = [];
  /** Held until it resolves. */
  gate: Promise<void> = Promise.resolve();

  readonly call: CallProvider = async ({ method = 'GET', path }) => {
    this.asked.push(`${method} ${path}`);
    await this.gate;
    const failure = this.failures.shift();
    if (failure) throw failure;
    return { status: 200, headers: {}, text: '' };
  };

  /** Zoho's adapter, with this provider's API instead of Zoho's. */
  get adapters(): ReadonlyMap<string, Adapter> {
    const zoho = adaptersByProvider().get('zoho') as Adapter;
    if (!zoho.api) throw new Error('Zoho has no API.');
    const api = { ...zoho.api, webhooks: this.webhooks };
    return new Map([['zoho', { ...zoho, api } as Adapter]]);
  }

  readonly webhooks: WebhookApi<unknown> = {
    resources: (settings) => (settings as { watch_modules: string[] }).watch_modules,
    chosenId: (connectionId, resource) => `${connectionId}/${resource}`,
    register: async (call, resource, { connectionId, url, secret, nowMs }) => {
      await call({ method: 'POST', path: resource });
      const externalId = `${connectionId}/${resource}`;
      const expiresAtMs = nowMs + LIFE_MS;
      this.kept.set(externalId, { resource, url, secret, expiresAtMs });
      return { resource, externalId, expiresAtMs };
    },
    renew: async (call, webhook, { url, secret, nowMs }) => {
      const { resource, externalId } = webhook;
      await call({ method: 'PATCH', path: resource });
      const expiresAtMs = nowMs + LIFE_MS;
      this.kept.set(externalId, { resource, url, secret, expiresAtMs });
      return { resource, externalId, expiresAtMs };
    },
    remove: async (call, { resource, externalId }) => {
      await call({ method: 'DELETE', path: resource });
      this.kept.delete(externalId);
    },
  };
}
