// Every provider, from its sandbox to what consumers get, on every platform, through an end of the
// server. Real: the product as processes, the sandboxes' signed requests over HTTP, and on gcp what
// main-job.test.ts names. The model: the adapters' own resolution, played over the outbox in the order
// of receipt.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Adapter } from '#adapters/kit/adapter.ts';
import type { KnownEntity } from '#adapters/kit/resolution.ts';
import type { Sandbox } from '#adapters/kit/sandbox/contract.ts';
import { adaptersByProvider } from '#adapters/registry.ts';
import { type CanonicalEvent, isObservation } from '#schemas/event.ts';
import { eventId } from '#schemas/event-id.ts';
import { describeOnCloud } from '../support/cloud.ts';
import { Product, type Serving } from './product.ts';

const SECRET = 'a-secret-of-the-sandboxes-0123456789';
const TOKEN = 'a-token-of-at-least-twenty-letters';
const TENANT = 'default';
const BASE = { TRIBUTARY_API_TOKEN: TOKEN, TRIBUTARY_RATE_LIMIT_PER_SECOND: '1000000' };
const headers = {
  authorization: `Bearer ${TOKEN}`,
  'content-type': 'application/json',
  'x-org-id': 'platform',
};
const within = { timeout: 40_000, interval: 250 };

type Env = Readonly<Record<string, string>>;

interface Connected {
  readonly id: string;
  readonly created_at: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

const adapters = [...adaptersByProvider().values()].filter(({ sandbox }) => sandbox);

describe('providers, embedded', () => describeProviders(async () => ({}), 'kill'));
// Google's emulator (0.8.20) goes on giving a killed process's share of an ordered subscription to it,
// for ever, where Pub/Sub gives it to others after the ack deadline: there the server is stopped.
describeOnCloud('providers, gcp', (cloud) => {
  describeProviders(() => cloud().installation(), 'stop');
});

function describeProviders(makeEnv: () => Promise<Env>, end: 'kill' | 'stop'): void {
  let stack: AsyncDisposableStack;
  let product: Product;
  let env: Env;
  let serving: Serving;
  const connected = new Map<string, Connected>();
  const sandboxes: Sandbox[] = [];
  /** Ids of the events of every request that was acknowledged. */
  const acknowledged = new Set<string>();

  beforeAll(async () => {
    stack = new AsyncDisposableStack();
    product = await Product.inNewFolder(stack);
    env = { ...BASE, ...(await makeEnv()) };
    serving = await product.serve(env);
    for (const adapter of adapters) await connect(adapter);
  }, 90_000);
  afterAll(() => stack.disposeAsync());

  async function connect(adapter: Adapter): Promise<void> {
    const provider = await adapter.sandbox?.();
    if (!provider) return;
    const { provider: name } = adapter;
    const body = { provider: name, name, secret: SECRET, settings: provider.settings };
    const answer = await fetch(`${serving.url}/v1/connections`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    const connection = (await answer.json()) as Connected;
    expect([answer.status, connection.id], JSON.stringify(connection)).toMatchObject([
      201,
      /^con_/,
    ]);
    connected.set(name, connection);
    const settings = adapter.settingsSchema.parse(connection.settings);
    const bound = adapter.bind(settings);
    const sandbox = await provider.start({
      // What the signature covers, where the platform has an address of its own.
      targetUrl: `${env.TRIBUTARY_PUBLIC_URL ?? serving.url}/webhooks/${name}/${connection.id}`,
      secret: SECRET,
      settings,
      seed: 7,
      timeScale: 1_000,
      // One request at a time, so that the order of receipt is that of sending.
      policy: {
        maxConcurrentRequests: 1,
        // None gives up while the server is away; that providers do has tests of its own.
        retryDelayMs: () => 200_000,
        deactivateAfterFailures: 1_000_000,
      },
      onAcknowledged: (request) => {
        for (const { dedupeKey } of bound.webhook({ ...request, receivedAtMs: 0 }).drafts) {
          acknowledged.add(eventId(TENANT, connection.id, dedupeKey));
        }
      },
    });
    stack.defer(() => sandbox.close());
    sandboxes.push(sandbox);
  }

  async function get<Result>(path: string, attemptsLeft = 5): Promise<Result> {
    const answer = await fetch(serving.url + path, { headers });
    // A busy BigQuery emulator refuses a query at times: ask again, as its answer says.
    if (answer.status === 503 && attemptsLeft > 1) return get(path, attemptsLeft - 1);
    expect(answer.status).toBe(200);
    return answer.json() as Promise<Result>;
  }

  /** All events of a connection, in the order of receipt. */
  async function stored(connectionId: string): Promise<CanonicalEvent[]> {
    const events: CanonicalEvent[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: { events: CanonicalEvent[]; next_cursor: string | null } = await get(
        `/v1/events?connection_id=${connectionId}&limit=500${cursor && `&cursor=${cursor}`}`,
      );
      events.push(...page.events);
      cursor = page.next_cursor;
    }
    // Changes of one request are received at one time; those of one record happened one after the other.
    const key = (event: CanonicalEvent) => `${event.received_at} ${event.occurred_at}`;
    return events.sort((a, b) => (key(a) < key(b) ? -1 : Number(key(a) !== key(b))));
  }

  it('sends changes of every kind, and keeps what was acknowledged through an end', async () => {
    for (const sandbox of sandboxes) {
      for (const type of sandbox.changeTypes) sandbox.emit(1, { type });
      sandbox.emit(25);
      sandbox.emit(10, { misbehave: 'duplicate' });
      sandbox.emit(10, { misbehave: 'bad_signature' });
      sandbox.emit(50, { misbehave: 'huge_batch' });
    }
    // All is accepted, and not all resolved. With requests under way, one that was carried and not
    // acknowledged would come again, behind others in the outbox: consumers would be ahead of it.
    await Promise.all(sandboxes.map((sandbox) => sandbox.idle()));
    await serving[end]();
    // On the port it had: the sandboxes go on trying there.
    serving = await product.serve({ TRIBUTARY_PORT: new URL(serving.url).port, ...env });
    for (const sandbox of sandboxes) sandbox.emit(15);
    await Promise.all(sandboxes.map((sandbox) => sandbox.idle()));
    for (const { id } of connected.values()) {
      const ids = new Set((await stored(id)).map((event) => event.event_id));
      expect(ids.size).toBeGreaterThan(40);
      for (const one of ids) acknowledged.delete(one);
    }
    expect([...acknowledged]).toEqual([]);
  }, 180_000);

  it.each(adapters)(
    'consumers of $provider get what its observations mean',
    async (adapter) => {
      const connection = connected.get(adapter.provider);
      const { resolve } = adapter.bind(adapter.settingsSchema.parse(connection?.settings));
      const id = connection?.id ?? '';
      const told = async () => resolvedIn(await stored(id));
      const observations = (await stored(id)).filter((event) => isObservation(event.event_type));
      if (!resolve) return expect(observations).toEqual([]);
      const known = new Map<string, KnownEntity>();
      const expected = observations.flatMap((observation) => {
        const key = `${observation.entity_type}/${observation.entity_id}`;
        const context = { connectedAtMs: Date.parse(connection?.created_at ?? '') };
        const resolution = resolve(observation, known.get(key), context);
        if (resolution.known) known.set(key, resolution.known);
        return resolution.events.map((event) =>
          line(observation.event_id, event.eventType, event.entityId, event.changedFields),
        );
      });
      if (observations.length > 0) expect(expected.length).toBeGreaterThan(10);
      await expect.poll(told, within).toEqual(expected.sort());
    },
    90_000,
  );
}

function resolvedIn(events: readonly CanonicalEvent[]): string[] {
  return events
    .filter(({ metadata }) => metadata.observation_id !== undefined)
    .map(({ event_type, entity_id, metadata }) =>
      line(metadata.observation_id ?? '', event_type, entity_id, metadata.changed_fields ?? null),
    )
    .sort();
}

function line(
  observationId: string,
  eventType: string,
  entityId: string,
  changedFields: readonly string[] | null,
): string {
  return `${observationId} ${eventType} ${entityId} ${changedFields?.join() ?? '-'}`;
}
