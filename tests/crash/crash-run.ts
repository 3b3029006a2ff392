import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readOutbox, withDatabase } from '../faults/installation/embedded-stores.ts';
import { countById } from '../faults/installation/installation.ts';
import { type ServingProcess, startProcess } from '../faults/installation/process.ts';
import { installObserver, readEffects } from '../faults/observer/observer.ts';
import { Sender } from './sender.ts';

export interface CrashReport {
  readonly kills: number;
  readonly requests: number;
  readonly acknowledgedRequests: number;
  readonly resentRequests: number;
  /** Different events in requests that were answered 2xx. */
  readonly acknowledgedEvents: number;
  readonly outboxRows: number;
  readonly outboxEvents: number;
  readonly effects: number;
  /** Acknowledged events that are not in the outbox. */
  readonly missingInOutbox: number;
  /** Acknowledged events without an effect at the consumer. */
  readonly missingEffects: number;
  /** Events that took effect more than once. */
  readonly repeatedEffects: number;
}

const TENANT = 'default';

/**
 * Starts the real server, drives it with concurrent signed webhooks, kills it with -9 at a random
 * moment, and again; then compares what was acknowledged with what the outbox and the consumer hold.
 */
export async function crashRun(
  kills: number,
  onProgress: (text: string) => void = () => undefined,
): Promise<CrashReport> {
  const dir = await mkdtemp(join(tmpdir(), 'tributary-crash-'));
  const servers = new Servers(dir);
  try {
    const secret = randomBytes(24).toString('hex');
    await withDatabase(dir, async (database) => {
      await database.migrate();
      await installObserver(database);
    });
    const first = await servers.start();
    const connectionId = await servers.addConnection(first, secret);
    const sender = new Sender(secret, TENANT, connectionId);
    const webhookUrl = (server: ServingProcess) =>
      `${urlOf(server)}/webhooks/hubspot/${connectionId}`;
    let server = first;
    for (let kill = 1; kill <= kills; kill += 1) {
      const driving = sender.drive(webhookUrl(server), 12, new AbortController().signal);
      await delay(50 + Math.random() * 700);
      await server.kill();
      await driving;
      onProgress(`kill ${kill}: ${sender.acknowledged.size} events acknowledged so far`);
      server = await servers.start();
    }
    await sender.retryAll(webhookUrl(server));
    await server.stop();
    const effects = await drainEffects(servers, sender, dir);
    return await report(kills, sender, dir, effects);
  } finally {
    await servers.killAll();
    await rm(dir, { recursive: true, force: true });
  }
}

/** Lets the consumer finish, then reads what it did. */
async function drainEffects(
  servers: Servers,
  sender: Sender,
  dir: string,
): Promise<Map<string, number>> {
  for (let round = 0; round < 60; round += 1) {
    const server = await servers.start();
    // Quiet means done: nothing new has taken effect between two looks.
    for (let before = -1; servers.effects !== before; ) {
      before = servers.effects;
      await delay(300);
    }
    await server.stop();
    const effects = await countEffects(dir);
    if ([...sender.acknowledged].every((id) => effects.has(id))) return effects;
  }
  return countEffects(dir);
}

async function countEffects(dir: string): Promise<Map<string, number>> {
  return countById((await withDatabase(dir, readEffects)).map(({ eventId }) => eventId));
}

async function report(
  kills: number,
  sender: Sender,
  dir: string,
  effects: ReadonlyMap<string, number>,
): Promise<CrashReport> {
  const outbox = await readOutbox(dir);
  const acknowledged = [...sender.acknowledged];
  return {
    kills,
    requests: sender.counts.requests,
    acknowledgedRequests: sender.counts.acknowledged,
    resentRequests: sender.counts.resent,
    acknowledgedEvents: acknowledged.length,
    outboxRows: [...outbox.values()].reduce((sum, rows) => sum + rows, 0),
    outboxEvents: outbox.size,
    effects: effects.size,
    missingInOutbox: acknowledged.filter((id) => !outbox.has(id)).length,
    missingEffects: acknowledged.filter((id) => !effects.has(id)).length,
    repeatedEffects: [...effects.values()].filter((times) => times !== 1).length,
  };
}

/** Starts servers on one data folder, and ends whatever is left of them. */
class Servers {
  /** How many events have taken effect, as far as the servers told. */
  effects = 0;
  readonly #dir: string;
  readonly #token = randomBytes(24).toString('hex');
  #running: ServingProcess | undefined;

  constructor(dir: string) {
    this.#dir = dir;
  }

  async start(): Promise<ServingProcess> {
    this.#running = await startProcess({
      entry: 'observed',
      cwd: this.#dir,
      logFile: join(this.#dir, 'server.log'),
      env: {
        TRIBUTARY_PORT: '0',
        TRIBUTARY_DATA_DIR: join(this.#dir, 'data'),
        TRIBUTARY_KEY_DIR: join(this.#dir, 'keys'),
        TRIBUTARY_API_TOKEN: this.#token,
      },
      onMessage: () => {
        this.effects += 1;
      },
    });
    return this.#running;
  }

  async addConnection(server: ServingProcess, secret: string): Promise<string> {
    const response = await fetch(`${urlOf(server)}/v1/connections`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${this.#token}`,
        'content-type': 'application/json',
        'x-org-id': 'platform',
      },
      body: JSON.stringify({ provider: 'hubspot', name: 'crash-test', secret }),
    });
    if (!response.ok) throw new Error(`adding a connection failed: ${await response.text()}`);
    return ((await response.json()) as { id: string }).id;
  }

  async killAll(): Promise<void> {
    await this.#running?.kill();
  }
}

function urlOf({ endpoint: { host, port } }: ServingProcess): string {
  return `http://${host}:${port}`;
}
