import password from '@inquirer/password';
import { withPathSecret } from '#adapters/kit/verification/path-secret.ts';
import { adaptersByProvider } from '#adapters/registry.ts';
import { readConfig } from '#platform/config/config.ts';
import { accessSecret } from '../access-secret.ts';
import { openApi, webhookAddress } from '../api-client.ts';
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
  const { connections } = await api.get('/v1/connections');
  const connection = connections.find((one) => one.id === id);
  if (!connection) throw new CommandFailed(`There is no connection ${id}.`);
  const adapter = adaptersByProvider().get(connection.provider);
  const address = webhookAddress(connection);
  const url = adapter?.secretPath
    ? withPathSecret(address, await accessSecret(config, connection.secret_ref))
    : address;
  process.stdout.write(`${url}\n`);
}

/** `tributary connections list`. */
export async function listConnections(options: { readonly json?: boolean }): Promise<void> {
  const api = await openApi(readConfig(process.env));
  const { connections } = await api.get('/v1/connections');
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
