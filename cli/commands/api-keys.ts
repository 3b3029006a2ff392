import { readConfig } from '#platform/config/config.ts';
import { ApiClient } from '../api-client.ts';
import { isRole } from '../bearer-option.ts';
import { CommandFailed, EXIT } from '../exit.ts';
import { printable, printJson, printTable } from '../output.ts';

interface ApiKeyView {
  readonly id: string;
  readonly name: string;
  readonly org_id: string | null;
  readonly role: string;
  readonly scopes: readonly string[];
  readonly expires_at: string | null;
  readonly revoked_at: string | null;
  readonly last_used_at: string | null;
}

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
  const api = await ApiClient.open(readConfig(process.env));
  const expires_at = days && new Date(Date.now() + days * DAY_MS).toISOString();
  printJson(await api.send('POST', '/v1/api-keys', { name, role, scopes, expires_at }));
}

/** `tributary api-keys list`: those of TRIBUTARY_ORG_ID, newest first. */
export async function listApiKeys(options: { readonly json?: boolean }): Promise<void> {
  const api = await ApiClient.open(readConfig(process.env));
  const keys: ApiKeyView[] = [];
  let cursor: string | null = null;
  do {
    const query = new URLSearchParams({ limit: '500', ...(cursor !== null && { cursor }) });
    const page: { api_keys: ApiKeyView[]; next_cursor: string | null } = await api.get(
      `/v1/api-keys?${query}`,
    );
    keys.push(...page.api_keys);
    cursor = page.next_cursor;
  } while (cursor !== null);
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
  const api = await ApiClient.open(readConfig(process.env));
  const answer = await api.request('DELETE', `/v1/api-keys/${encodeURIComponent(id)}`);
  const { revoked_at } = (await answer.json()) as ApiKeyView;
  printJson({ id, revoked_at });
}

function stateOf({ revoked_at, expires_at }: ApiKeyView): string {
  if (revoked_at !== null) return `revoked ${revoked_at}`;
  if (expires_at === null) return 'in force';
  return `${Date.parse(expires_at) > Date.now() ? 'until' : 'expired'} ${expires_at}`;
}
