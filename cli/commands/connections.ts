import password from '@inquirer/password';
import { withPathSecret } from '#adapters/kit/verification/path-secret.ts';
import { adaptersByProvider } from '#adapters/registry.ts';
import { readConfig } from '#platform/config/config.ts';
import { accessSecret } from '../access-secret.ts';
import { allConnections } from '../all-connections.ts';
import { openApi, webhookAddress } from '../api-client.ts';
import { confirm } from '../confirm.ts';
import { CommandFailed, EXIT } from '../exit.ts';
import { printJson, printTable } from '../output.ts';
import { secretFromFile, secretFromStream } from '../secret-input.ts';
import { readSettings } from '../settings-option.ts';

export interface AddOptions {
  readonly name?: string;
  readonly secretFile?: string;
  readonly secretStdin?: boolean;
  readonly generateSecret?: boolean;
  readonly settings?: string;
  readonly apiKeyFile?: string;
}

/** `tributary connections add <provider>`: prints id, webhook URL, and a secret made just now as JSON. */
export async function addConnection(provider: string, options: AddOptions): Promise<void> {
  const api = await openApi(readConfig(process.env));
  const created = await api.post('/v1/connections', {
    body: {
      provider,
      name: options.name ?? provider,
      // Whatever JSON it is: the server says what settings must be.
      settings: (await readSettings(options.settings)) as Record<string, unknown>,
      ...(options.generateSecret ? {} : { secret: await readSecret(options) }),
      ...(options.apiKeyFile !== undefined && { credential: await apiKeyOf(options.apiKeyFile) }),
    },
  });
  const { id, name, webhook_url, secret } = created;
  printJson({ id, provider: created.provider, name, webhook_url, ...(secret && { secret }) });
}

/**
 * `tributary connections url <id>`: prints the whole webhook URL, whose secret segment the server does
 * not show again. Reads the secret store itself, as whoever may set up the provider can.
 */
export async function printWebhookUrl(id: string): Promise<void> {
  const config = readConfig(process.env);
  const api = await openApi(config);
  const connection = await api.get('/v1/connections/{id}', { params: { path: { id } } });
  const adapter = adaptersByProvider().get(connection.provider);
  const address = webhookAddress(connection);
  const url = adapter?.secretPath
    ? withPathSecret(address, await accessSecret(config, connection.secret_ref))
    : address;
  process.stdout.write(`${url}\n`);
}

export interface ListOptions {
  readonly provider?: string;
  readonly json?: boolean;
}

/** `tributary connections list`. */
export async function listConnections({ provider, ...options }: ListOptions): Promise<void> {
  const connections = await allConnections(await openApi(readConfig(process.env)), { provider });
  if (options.json) return printJson(connections);
  if (connections.length === 0) {
    process.stdout.write(
      'There are no connections. Add one: npx tributary connections add hubspot\n',
    );
    return;
  }
  printTable(
    ['ID', 'PROVIDER', 'NAME', 'STATUS', 'WEBHOOK URL'],
    connections.map((one) => [one.id, one.provider, one.name, one.status, one.webhook_url]),
  );
}

/** `tributary connections enable|disable <id>`. */
export async function setConnectionStatus(
  id: string,
  status: 'active' | 'inactive',
): Promise<void> {
  const api = await openApi(readConfig(process.env));
  const params = { path: { id } };
  const connection = await api.patch('/v1/connections/{id}', { params, body: { status } });
  printJson({ id: connection.id, status: connection.status });
}

/** `tributary connections show <id>`: all that is known of it, without secrets. */
export async function showConnection(id: string): Promise<void> {
  const api = await openApi(readConfig(process.env));
  printJson(await api.get('/v1/connections/{id}', { params: { path: { id } } }));
}

/** `tributary connections disconnect <id>`: its credentials go, its data and its URL stay. */
export async function disconnectConnection(id: string): Promise<void> {
  const api = await openApi(readConfig(process.env));
  const params = { path: { id } };
  const { status, notes } = await api.post('/v1/connections/{id}/disconnect', { params });
  printJson({ id, status, notes });
}

/** `tributary connections reconnect <id>`: it receives again. */
export async function reconnectConnection(id: string): Promise<void> {
  const api = await openApi(readConfig(process.env));
  const params = { path: { id } };
  const { status, webhook_url } = await api.post('/v1/connections/{id}/reconnect', { params });
  printJson({ id, status, webhook_url });
}

/** `tributary connections delete <id>`: asks first, on a terminal; prints what was removed and what stays. */
export async function deleteConnection(
  id: string,
  { yes = false }: { readonly yes?: boolean },
): Promise<void> {
  const api = await openApi(readConfig(process.env));
  const params = { path: { id } };
  const { name, provider } = await api.get('/v1/connections/{id}', { params });
  const question = `Delete the ${provider} connection "${name}", with its credentials and its log?`;
  if (!yes && !(await confirm(question))) throw new CommandFailed('Nothing was deleted.');
  printJson(await api.delete('/v1/connections/{id}', { params }));
}

/** Its fields are the provider's, so the document of the API names the kind alone. */
async function apiKeyOf(path: string) {
  const fields = { api_key: await secretFromFile(path) };
  return { kind: 'api_key' as const, ...fields };
}

/** From a file, standard input or a prompt; never from an argument, which other users could see. */
async function readSecret(options: AddOptions): Promise<string> {
  const secret = await rawSecret(options);
  if (secret === '') throw new CommandFailed('The secret is empty.', EXIT.usage);
  return secret;
}

async function rawSecret(options: AddOptions): Promise<string> {
  if (options.secretFile !== undefined) return secretFromFile(options.secretFile);
  if (options.secretStdin) return secretFromStream(process.stdin);
  if (process.stdin.isTTY) return password({ message: 'Signing secret', mask: '*' });
  throw new CommandFailed(
    'Give the signing secret with --secret-file FILE or --secret-stdin; it is never taken from an argument.',
    EXIT.usage,
  );
}
