import { readFile } from 'node:fs/promises';
import password from '@inquirer/password';
import { readConfig } from '#platform/config/config.ts';
import { ApiClient, type ConnectionView } from '../api-client.ts';
import { CommandFailed, EXIT } from '../exit.ts';
import { printJson, printTable } from '../output.ts';
import { readSettings } from '../settings-option.ts';

export interface AddOptions {
  readonly name?: string;
  readonly secretFile?: string;
  readonly secretStdin?: boolean;
  readonly settings?: string;
}

/** `tributary connections add <provider>`: prints the id and the webhook URL as JSON. */
export async function addConnection(provider: string, options: AddOptions): Promise<void> {
  const api = await ApiClient.open(readConfig(process.env));
  const connection = await api.send<ConnectionView>('POST', '/v1/connections', {
    provider,
    name: options.name ?? provider,
    settings: await readSettings(options.settings),
    secret: await readSecret(options),
  });
  const { id, name, webhook_url } = connection;
  printJson({ id, provider: connection.provider, name, webhook_url });
}

/** `tributary connections list`. */
export async function listConnections(options: { readonly json?: boolean }): Promise<void> {
  const api = await ApiClient.open(readConfig(process.env));
  const { connections } = await api.get<{ connections: ConnectionView[] }>('/v1/connections');
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
  const api = await ApiClient.open(readConfig(process.env));
  const path = `/v1/connections/${encodeURIComponent(id)}`;
  const connection = await api.send<ConnectionView>('PATCH', path, { status });
  printJson({ id: connection.id, status: connection.status });
}

/** From a file, standard input or a prompt; never from an argument, which other users could see. */
async function readSecret(options: AddOptions): Promise<string> {
  const secret = await rawSecret(options);
  if (secret === '') throw new CommandFailed('The secret is empty.', EXIT.usage);
  return secret;
}

async function rawSecret(options: AddOptions): Promise<string> {
  if (options.secretFile !== undefined) {
    return (await readFile(options.secretFile, 'utf8')).replace(/\r?\n$/, '');
  }
  if (options.secretStdin) {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks)
      .toString()
      .replace(/\r?\n$/, '');
  }
  if (process.stdin.isTTY) return password({ message: 'Signing secret', mask: '*' });
  throw new CommandFailed(
    'Give the signing secret with --secret-file FILE or --secret-stdin; it is never taken from an argument.',
    EXIT.usage,
  );
}
