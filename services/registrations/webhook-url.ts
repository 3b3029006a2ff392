import type { Adapter } from '#adapters/kit/adapter.ts';
import { withPathSecret } from '#adapters/kit/verification/path-secret.ts';
import type { Connection } from '../connections/connection.ts';

/**
 * Makes the function that says where a provider sends the webhooks of a connection to: with a secret, and
 * where its adapter wants one, with the secret segment at the end.
 */
export function makeWebhookUrl(
  publicUrl: () => string,
  adapters: ReadonlyMap<string, Adapter>,
): (connection: Pick<Connection, 'id' | 'provider'>, secret?: string) => string {
  return ({ id, provider }, secret) => {
    const url = `${publicUrl()}/webhooks/${provider}/${id}`;
    const ends = secret !== undefined && adapters.get(provider)?.secretPath === true;
    return ends ? withPathSecret(url, secret) : url;
  };
}
