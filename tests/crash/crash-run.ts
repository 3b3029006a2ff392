import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { openPglite } from '#platform/database/pglite/pglite.ts';
import { openDuckDbWarehouse } from '#platform/warehouse/duckdb/warehouse.ts';
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
    const first = await servers.start();
    const connectionId = await servers.addConnection(first, secret);
    const sender = new Sender(secret, TENANT, connectionId);
    const webhookUrl = (server: Server) => `${server.url}/webhooks/hubspot/${connectionId}`;
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
    for (
      let before = -1, now = await server.effects();
      now !== before;
      now = await server.effects()
    ) {
      before = now;
      await delay(300);
    }
    await server.stop();
    const effects = await readEffects(dir);
    if ([...sender.acknowledged].every((id) => effects.has(id))) return effects;
  }
  return readEffects(dir);
}

async function readEffects(dir: string): Promise<Map<string, number>> {
  const database = await openPglite({ dir: join(dir, 'data', 'postgres') });
  try {
    const rows = await database.query<{ event_id: string; times: number }>(
      'SELECT event_id, times FROM crash_test_effects',
    );
    return new Map(rows.map((row) => [row.event_id, row.times]));
  } finally {
    await database.close();
  }
}

async function report(
  kills: number,
  sender: Sender,
  dir: string,
  effects: ReadonlyMap<string, number>,
): Promise<CrashReport> {
  const warehouse = await openDuckDbWarehouse({ dataDir: join(dir, 'data') });
  const stored = new Set<string>();
  let outboxRows = 0;
  let position = { after_received_at: '1970-01-01T00:00:00.000Z', after_event_id: '' };
  for (;;) {
    const rows = await warehouse.query<{ event_id: string; received_at: string }>('outbox-since', {
      ...position,
      row_limit: 5_000,
    });
    for (const row of rows) stored.add(row.event_id);
    const last = rows.at(-1);
    if (!last) break;
    position = { after_received_at: last.received_at, after_event_id: last.event_id };
  }
  const [counts] = await warehouse.query<{ outbox_rows: number }>('outbox-counts');
  outboxRows = counts?.outbox_rows ?? 0;
  await warehouse.close();
  const acknowledged = [...sender.acknowledged];
  return {
    kills,
    requests: sender.counts.requests,
    acknowledgedRequests: sender.counts.acknowledged,
    resentRequests: sender.counts.resent,
    acknowledgedEvents: acknowledged.length,
    outboxRows,
    outboxEvents: stored.size,
    effects: effects.size,
    missingInOutbox: acknowledged.filter((id) => !stored.has(id)).length,
    missingEffects: acknowledged.filter((id) => !effects.has(id)).length,
    repeatedEffects: [...effects.values()].filter((times) => times !== 1).length,
  };
}

interface Server {
  readonly url: string;
  /** How many events have taken effect since this server started. */
  effects(): Promise<number>;
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts servers on one data folder, and ends whatever is left of them. */
class Servers {
  readonly #dir: string;
  readonly #token = randomBytes(24).toString('hex');
  readonly #running = new Set<ChildProcess>();

  constructor(dir: string) {
    this.#dir = dir;
  }

  async start(): Promise<Server> {
    const child = spawn(
      process.execPath,
      ['--liftoff-only', join(import.meta.dirname, 'server.ts')],
      {
        stdio: ['pipe', 'pipe', 'inherit'],
        env: {
          PATH: process.env.PATH,
          TRIBUTARY_PORT: '0',
          TRIBUTARY_DATA_DIR: join(this.#dir, 'data'),
          TRIBUTARY_KEY_DIR: join(this.#dir, 'keys'),
          TRIBUTARY_API_TOKEN: this.#token,
        },
      },
    );
    this.#running.add(child);
    const exited = new Promise<void>((resolve) =>
      child.once('exit', () => {
        this.#running.delete(child);
        resolve();
      }),
    );
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async () => {
      const { value, done } = await lines.next();
      if (done) throw new Error('the server ended by itself; see its errors above');
      return JSON.parse(value) as { url: string; effects: number };
    };
    const { url } = await next();
    return {
      url,
      effects: async () => {
        child.stdin.write('\n');
        return (await next()).effects;
      },
      kill: () => {
        child.kill('SIGKILL');
        return exited;
      },
      stop: () => {
        child.kill('SIGTERM');
        return exited;
      },
    };
  }

  async addConnection(server: Server, secret: string): Promise<string> {
    const response = await fetch(`${server.url}/v1/connections`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ provider: 'hubspot', name: 'crash-test', secret }),
    });
    if (!response.ok) throw new Error(`adding a connection failed: ${await response.text()}`);
    return ((await response.json()) as { id: string }).id;
  }

  async killAll(): Promise<void> {
    for (const child of this.#running) child.kill('SIGKILL');
  }
}
