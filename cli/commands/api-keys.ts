import { readConfig } from '#platform/config/config.ts';
import type { paths } from '../../client/generated/api.ts';
import { allOf } from '../all-pages.ts';
import { openApi, type View } from '../api-client.ts';
import { isRole } from '../bearer-option.ts';
import { CommandFailed, EXIT } from '../exit.ts';
import { printable, printJson, printTable } from '../output.ts';

type NewApiKey = paths['/v1/api-keys']['post']['requestBody']['content']['application/json'];

export interface CreateOptions {
  readonly role: string;
  readonly scope: readonly string[];
  readonly days?: number;
}

const DAY_MS = 86_400_000;

/** `tributary api-keys create <name>`: prints the key, which is not shown again, as JSON. */
export async function createApiKey(name: string, options: CreateOptions): Promise<void> {
  const { role, scope: scopes, days } = options;
  if (!isRole(role)) {
    throw new CommandFailed('--role is one of member, administrator, owner.', EXIT.usage);
  }
  const api = await openApi(readConfig(process.env));
  const ends = days && { expires_at: new Date(Date.now() + days * DAY_MS).toISOString() };
  // What is no scope is refused by the server, which lists them.
  const body = { name, role, scopes: [...scopes], ...ends } as NewApiKey;
  printJson(await api.post('/v1/api-keys', { body }));
}

/** `tributary api-keys list`: those of TRIBUTARY_ORG_ID, newest first. */
export async function listApiKeys(options: { readonly json?: boolean }): Promise<void> {
  const api = await openApi(readConfig(process.env));
  const keys = await allOf(async (cursor) => {
    const query = { limit: 500, ...(cursor !== undefined && { cursor }) };
    const page = await api.get('/v1/api-keys', { params: { query } });
    return { things: page.api_keys, next: page.next_cursor };
  });
  if (options.json) return printJson(keys);
  printTable(
    ['ID', 'NAME', 'ORG', 'ROLE', 'SCOPES', 'STATE', 'LAST USED'],
    keys.map((one) => [
      one.id,
      printable(one.name),
      one.org_id ?? 'platform',
      one.role,
      one.scopes.join(' ') || 'all',
      stateOf(one),
      one.last_used_at ?? 'never',
    ]),
  );
}

/** `tributary api-keys revoke <id>`. */
export async function revokeApiKey(id: string): Promise<void> {
  const api = await openApi(readConfig(process.env));
  const { revoked_at } = await api.delete('/v1/api-keys/{id}', { params: { path: { id } } });
  printJson({ id, revoked_at });
}

function stateOf({
  revoked_at,
  expires_at,
}: Pick<View<'ApiKey'>, 'revoked_at' | 'expires_at'>): string {
  if (revoked_at !== null) return `revoked ${revoked_at}`;
  if (expires_at === null) return 'in force';
  return `${Date.parse(expires_at) > Date.now() ? 'until' : 'expired'} ${expires_at}`;
}
