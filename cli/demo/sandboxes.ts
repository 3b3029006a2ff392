import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Adapter } from '#adapters/kit/adapter.ts';
import type { Sandbox } from '#adapters/kit/sandbox/contract.ts';
import { allConnections } from '../all-connections.ts';
import { type Api, type View, webhookAddress } from '../api-client.ts';
import { CommandFailed } from '../exit.ts';
import type { AcknowledgedEvents } from './acknowledged-events.ts';

export interface ConnectedSandbox {
  readonly title: string;
  readonly connection: View<'Connection'>;
  readonly sandbox: Sandbox;
}

export interface SandboxesOptions {
  readonly api: Api;
  readonly adapters: Iterable<Adapter>;
  /** Where the senders keep their secrets. */
  readonly folder: string;
  readonly tenantId: string;
  readonly acknowledged: AcknowledgedEvents;
}

/** Delays of the providers are divided by this, so that retries are seen. */
const TIME_SCALE = 10_000;

/** Starts the sandbox of every provider that has one, connected at the first start. */
export async function startSandboxes(options: SandboxesOptions): Promise<ConnectedSandbox[]> {
  const { api, adapters, folder, tenantId, acknowledged } = options;
  const connections = await allConnections(api);
  const started: ConnectedSandbox[] = [];
  for (const adapter of adapters) {
    if (!adapter.sandbox) continue;
    const provider = await adapter.sandbox();
    const name = `sandbox-${adapter.provider}`;
    const existing = connections.find(
      (one) => one.provider === adapter.provider && one.name === name,
    );
    const secret = await ensureSecret(folder, name, existing !== undefined);
    const connection =
      existing ??
      (await api.post('/v1/connections', {
        body: { provider: adapter.provider, name, secret, settings: provider.settings },
      }));
    const settings = adapter.settingsSchema.parse(connection.settings);
    const sender = { tenantId, connectionId: connection.id, adapter: adapter.bind(settings) };
    const sandbox = await provider.start({
      targetUrl: webhookAddress(connection),
      secret,
      settings,
      seed: Date.now(),
      timeScale: TIME_SCALE,
      onAcknowledged: (request) => acknowledged.note(sender, request),
    });
    started.push({ title: adapter.title, connection, sandbox });
  }
  return started;
}

/** The sender's own copy, made before the connection: a start that ends between the two finds it. */
async function ensureSecret(folder: string, name: string, isConnected: boolean): Promise<string> {
  const path = join(folder, `${name}-secret`);
  const kept = await readFile(path, 'utf8').catch(() => '');
  if (kept !== '') return kept;
  if (isConnected) {
    throw new CommandFailed(
      `The demo knows its ${name} no more: ${path} is missing, or the folder is of an earlier version. Remove ${folder} and start again.`,
    );
  }
  const secret = randomBytes(24).toString('base64url');
  await mkdir(folder, { recursive: true });
  await writeFile(path, secret, { mode: 0o600 });
  return secret;
}
