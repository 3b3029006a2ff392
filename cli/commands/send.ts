import type { WebhookRequest } from '#adapters/kit/adapter.ts';
import { adaptersByProvider } from '#adapters/registry.ts';
import { readConfig } from '#platform/config/config.ts';
import { accessSecret } from '../access-secret.ts';
import { allConnections } from '../all-connections.ts';
import { type Api, openApi, type View, webhookAddress } from '../api-client.ts';
import { CommandFailed, EXIT } from '../exit.ts';
import { printJson } from '../output.ts';

export interface SendOptions {
  readonly connection?: string;
}

/** `tributary send <provider> [event]`: signs one sample webhook as the provider would and sends it. */
export async function send(
  provider: string,
  sampleName: string | undefined,
  options: SendOptions,
): Promise<void> {
  const config = readConfig(process.env);
  const adapter = adaptersByProvider().get(provider);
  if (!adapter) {
    const known = [...adaptersByProvider().keys()].join(', ');
    throw new CommandFailed(
      `There is no provider "${provider}". Choose one of: ${known}.`,
      EXIT.usage,
    );
  }
  const name = sampleName ?? adapter.samples[0] ?? '';
  if (!adapter.samples.includes(name)) {
    throw new CommandFailed(
      `${adapter.title} has no sample "${name}". Choose one of: ${adapter.samples.join(', ')}.`,
      EXIT.usage,
    );
  }
  const api = await openApi(config);
  const connection = await chooseConnection(api, provider, options.connection);
  const nowMs = Date.now();
  const request = adapter.sample({
    name,
    settings: adapter.settingsSchema.parse(connection.settings),
    secret: await accessSecret(config, connection.secret_ref),
    url: webhookAddress(connection),
    nowMs,
    sequence: nowMs,
  });
  const response = await post(api, request);
  printJson({
    sample: name,
    connection_id: connection.id,
    status: response.status,
    answer: response.body,
  });
  if (response.status >= 300)
    throw new CommandFailed(`The webhook was answered with ${response.status}.`);
}

async function chooseConnection(
  api: Api,
  provider: string,
  id: string | undefined,
): Promise<View<'Connection'>> {
  const connections = await allConnections(api, { provider });
  const usable = connections.filter((one) => (id ?? one.id) === one.id);
  const [connection] = usable;
  if (!connection) {
    throw new CommandFailed(
      `There is no such ${provider} connection. Add one: npx tributary connections add ${provider}`,
    );
  }
  if (usable.length > 1) {
    throw new CommandFailed(
      `There are ${usable.length} ${provider} connections. Choose one with --connection ID: ${usable.map((one) => one.id).join(', ')}`,
      EXIT.usage,
    );
  }
  return connection;
}

/** Sends to the running server itself, whatever public address the signature covers. */
async function post(api: Api, request: WebhookRequest): Promise<{ status: number; body: unknown }> {
  const { pathname, search } = new URL(request.url);
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    for (const one of [value ?? []].flat()) headers.append(name, one);
  }
  const response = await fetch(api.url + pathname + search, {
    method: request.method,
    headers,
    body: new Uint8Array(request.body),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json');
  return { status: response.status, body: isJson ? JSON.parse(text) : text };
}
