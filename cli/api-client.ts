import type { Config } from '#platform/config/config.ts';
import { apiTokenPath, readApiToken } from '#services/access/api-token.ts';
import { openLocalIssuer } from '#services/access/local-issuer.ts';
import type { components } from '../client/generated/api.ts';
import { errorOf, TributaryProblem } from '../client/problem.ts';
import { createTributaryClient, type TributaryClient } from '../client/tributary-client.ts';
import { CommandFailed, EXIT } from './exit.ts';
import { readServerNote } from './running-server.ts';

/** What the API shows of a thing, by the name that its document has for it. */
export type View<Name extends keyof components['schemas']> = components['schemas'][Name];

/** The API of a running server, for the other commands. What it refuses is thrown as CommandFailed. */
export interface Api extends TributaryClient {
  readonly url: string;
}

/** The webhook URL without the secret segment that some providers' URLs end in. */
export function webhookAddress({
  id,
  webhook_url,
}: Pick<View<'Connection'>, 'id' | 'webhook_url'>): string {
  return webhook_url.slice(0, webhook_url.indexOf(id) + id.length);
}

/** For whom, where it is not the configured tenant and organisation. */
export interface ActingFor {
  readonly tenantId?: string | undefined;
  /** `platform` names what all organisations share. */
  readonly orgId?: string | undefined;
}

/**
 * @throws CommandFailed when there is no API token to be found, or none can be made for another tenant
 */
export async function openApi(config: Config, actingFor: ActingFor = {}): Promise<Api> {
  const { tenantId = config.tenantId, orgId = config.orgId } = actingFor;
  const token =
    tenantId === config.tenantId ? await ownToken(config) : await tokenFor(config, tenantId);
  const note = await readServerNote(config.dataDir);
  const url = note?.url ?? `http://${config.host}:${config.port}`;
  const ask = async (request: Request): Promise<Response> => {
    const response = await fetch(request).catch((error) => {
      throw new CommandFailed(
        `No server answers at ${url} (${reason(error)}). Start it with: npm start`,
        EXIT.serverUnreachable,
      );
    });
    if (response.ok) return response;
    throw refusal(await errorOf(response));
  };
  return { ...createTributaryClient({ url, token, orgId, fetch: ask }), url };
}

async function ownToken(config: Config): Promise<string> {
  const token = config.apiToken ?? (await readApiToken(config.keyDir));
  if (token === undefined) {
    throw new CommandFailed(
      `There is no API token at ${apiTokenPath(config.keyDir)}. Start the server once (npm start), or set TRIBUTARY_API_TOKEN.`,
      EXIT.serverUnreachable,
    );
  }
  return token;
}

/** Made for a minute by the installation's own issuer, which is on a laptop alone. */
async function tokenFor(config: Config, tenantId: string): Promise<string> {
  if (config.platform !== 'embedded') {
    throw new CommandFailed(
      'The API token is of the tenant TRIBUTARY_TENANT_ID. For another one set TRIBUTARY_API_TOKEN to an API key or token of that tenant, and TRIBUTARY_TENANT_ID to it.',
      EXIT.usage,
    );
  }
  const issuer = await openLocalIssuer(config.keyDir);
  const bearer = { subject: 'command line', tenantId, orgId: null, role: 'member' } as const;
  return issuer.issue(bearer, 60);
}

/** With the problem's own words. */
function refusal(error: Awaited<ReturnType<typeof errorOf>>): CommandFailed {
  if (!(error instanceof TributaryProblem)) return new CommandFailed(error.message);
  const faults = error.faults.map((fault) => `\n  ${fault.pointer}: ${fault.message}`);
  return new CommandFailed(`${error.message} [${error.code}]${faults.join('')}`);
}

function reason(error: unknown): string {
  const cause = (error as { cause?: { code?: string } }).cause;
  return cause?.code ?? (error as Error).message;
}
