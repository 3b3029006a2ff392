import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lineOf, startProcess, stopProcess } from './processes.ts';

/** A server under load. */
export interface Target {
  readonly name: string;
  readonly pid: number;
  readonly url: string;
  readonly secret: string;
  /** Bytes it holds on disk. */
  diskBytes(): Promise<number>;
  stop(): Promise<void>;
}

/** A server that keeps nothing: `bare` only answers, `verify` also verifies and parses. */
export async function startReference(kind: 'bare' | 'verify'): Promise<Target> {
  const secret = randomBytes(24).toString('hex');
  const child = startProcess('bench/reference-server.ts', [kind, secret]);
  const port = await lineOf(child, (line) => /^\d+$/.test(line));
  return {
    name: kind === 'bare' ? 'Fastify, answers' : 'Fastify, verifies and parses',
    pid: child.pid ?? 0,
    url: `http://127.0.0.1:${port}/webhooks/hubspot/con_reference`,
    secret,
    diskBytes: async () => 0,
    stop: () => stopProcess(child),
  };
}

/** Where a product under load keeps its data. */
export interface Installation {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  stop(): Promise<void>;
}

/** The embedded drivers. */
async function embedded(): Promise<Installation> {
  return { name: 'Tributary, durable', env: {}, stop: async () => undefined };
}

/**
 * How to start the product on a platform.
 *
 * @throws Error for a platform there is not
 */
export async function productOn(platform: string): Promise<() => Promise<Target>> {
  if (platform === 'embedded') return () => startProduct(embedded);
  if (platform !== 'gcp') throw new Error(`There is no platform ${platform}: embedded or gcp.`);
  // Loaded when asked for: it needs parts that a machine may lack.
  const { gcp } = await import('./cloud.ts');
  return () => startProduct(gcp);
}

/** The product, with one HubSpot connection. */
async function startProduct(install: () => Promise<Installation>): Promise<Target> {
  const installation = await install();
  const dir = await mkdtemp(join(tmpdir(), 'tributary-bench-'));
  const token = randomBytes(24).toString('hex');
  const secret = randomBytes(24).toString('hex');
  const child = startProcess('cli/main.ts', ['serve'], {
    TRIBUTARY_PORT: '0',
    TRIBUTARY_DATA_DIR: join(dir, 'data'),
    TRIBUTARY_KEY_DIR: join(dir, 'keys'),
    TRIBUTARY_API_TOKEN: token,
    // One connection takes the whole load; the default limit is per connection and would cut it.
    TRIBUTARY_RATE_LIMIT_PER_SECOND: '1000000',
    TRIBUTARY_API_RATE_LIMIT_PER_SECOND: '1000000',
    ...installation.env,
  });
  const ready = JSON.parse(await lineOf(child, (line) => line.includes('"msg":"Ready"')));
  const response = await fetch(`${ready.url}/v1/connections`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'x-org-id': 'platform',
    },
    body: JSON.stringify({ provider: 'hubspot', name: 'bench', secret }),
  });
  const connection = (await response.json()) as { webhook_url: string };
  return {
    name: installation.name,
    pid: child.pid ?? 0,
    url: connection.webhook_url,
    secret,
    diskBytes: () => folderBytes(dir),
    stop: async () => {
      await stopProcess(child);
      await installation.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function folderBytes(dir: string): Promise<number> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const sizes = entries
    .filter((entry) => entry.isFile())
    // A journal file may be gone by now.
    .map((entry) =>
      stat(join(entry.parentPath, entry.name)).then(
        (one) => one.size,
        () => 0,
      ),
    );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
