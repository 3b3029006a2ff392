import { readConfig } from '#platform/config/config.ts';
import { openApi } from '../api-client.ts';
import { CommandFailed, EXIT } from '../exit.ts';
import { printJson, printTable } from '../output.ts';
import { secretFromFile, secretFromStream } from '../secret-input.ts';

export interface SetOptions {
  readonly clientId: string;
  readonly secretFile?: string;
  readonly secretStdin?: boolean;
  readonly privateKeyFile?: string;
}

/** `tributary oauth-clients set <provider>`: the app that we are at a provider, for all of the tenant. */
export async function setOAuthClient(provider: string, options: SetOptions): Promise<void> {
  const { clientId: client_id, secretFile, secretStdin, privateKeyFile } = options;
  const client_secret = secretStdin
    ? await secretFromStream(process.stdin)
    : secretFile && (await secretFromFile(secretFile));
  const private_key = privateKeyFile && (await secretFromFile(privateKeyFile));
  if (!client_secret && !private_key) {
    throw new CommandFailed(
      'Give the secret with --secret-file FILE or --secret-stdin, or a key with --private-key-file FILE; neither is taken from an argument.',
      EXIT.usage,
    );
  }
  const api = await openApi(readConfig(process.env));
  const params = { path: { provider } };
  const body = {
    client_id,
    ...(client_secret && { client_secret }),
    ...(private_key && { private_key }),
  };
  printJson(await api.put('/v1/oauth/clients/{provider}', { params, body }));
}

/** `tributary oauth-clients list`. */
export async function listOAuthClients(options: { readonly json?: boolean }): Promise<void> {
  const api = await openApi(readConfig(process.env));
  const { clients } = await api.get('/v1/oauth/clients');
  if (options.json) return printJson(clients);
  printTable(
    ['PROVIDER', 'CLIENT ID', 'SECRET', 'SINCE', 'BY'],
    clients.map((one) => [
      one.provider,
      one.client_id,
      one.secret_ref,
      one.updated_at,
      one.updated_by,
    ]),
  );
}

/** `tributary oauth-clients delete <provider>`. */
export async function deleteOAuthClient(provider: string): Promise<void> {
  const api = await openApi(readConfig(process.env));
  await api.delete('/v1/oauth/clients/{provider}', { params: { path: { provider } } });
  printJson({ provider, deleted: true });
}
