// Real: the calls. Doubled: Google's client, by an object of the same shape.
import { status as Code } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { type GeneratedClient, UnaryCalls } from './unary-calls.ts';

const ROUTING = { name: 'a/b' };
const AGAIN = new Set([Code.UNAVAILABLE]);

/** A client whose one method `act` does what the steps say, in turn; the last one for ever. */
class StubClient implements GeneratedClient {
  initialized = 0;
  closed = 0;
  readonly received: unknown[][] = [];
  readonly #steps: (() => Promise<unknown>)[];
  readonly #init: () => Promise<unknown>;

  constructor(steps: (() => Promise<unknown>)[], init: () => Promise<unknown> = async () => {}) {
    this.#steps = steps;
    this.#init = init;
  }

  readonly innerApiCalls = {
    act: (...args: unknown[]) => {
      this.received.push(args);
      const step = this.#steps.length > 1 ? this.#steps.shift() : this.#steps[0];
      return step?.();
    },
  };

  initialize() {
    this.initialized += 1;
    return this.#init();
  }

  async close() {
    this.closed += 1;
  }
}

const fails = (code: Code) => async () => {
  throw Object.assign(new Error('no'), { code });
};
const answers = (answer: unknown) => async () => [answer, null, null];
const never = () => new Promise<never>(() => undefined);

describe('unary calls', () => {
  it('give the answer, and of a list the page', async () => {
    const page = { versions: [], nextPageToken: 'x' };
    const client = new StubClient([answers({ a: 1 }), async () => [[], {}, page]]);
    const calls = new UnaryCalls(() => client, 1_000);
    expect(await calls.call('act', { q: 1 }, { routing: ROUTING })).toEqual({ a: 1 });
    expect(await calls.call('act', {}, { routing: ROUTING })).toBe(page);
    expect(client.received[0]).toMatchObject([
      { q: 1 },
      {
        retry: null,
        autoPaginate: false,
        otherArgs: { headers: { 'x-goog-request-params': 'name=a%2Fb' } },
      },
    ]);
  });

  it('are made again after the codes given, and no others', async () => {
    const client = new StubClient([
      fails(Code.UNAVAILABLE),
      fails(Code.UNAVAILABLE),
      answers('done'),
    ]);
    const calls = new UnaryCalls(() => client, 5_000);
    expect(await calls.call('act', {}, { routing: ROUTING, retryCodes: AGAIN })).toBe('done');
    const other = new StubClient([fails(Code.INTERNAL)]);
    const otherCalls = new UnaryCalls(() => other, 5_000);
    const failed = otherCalls.call('act', {}, { routing: ROUTING, retryCodes: AGAIN });
    await expect(failed).rejects.toMatchObject({ code: Code.INTERNAL });
    expect(other.received).toHaveLength(1);
  });

  it('share one bound among all attempts', async () => {
    const client = new StubClient([fails(Code.UNAVAILABLE)]);
    const calls = new UnaryCalls(() => client, 600);
    const startMs = performance.now();
    const failed = calls.call('act', {}, { routing: ROUTING, retryCodes: AGAIN });
    await expect(failed).rejects.toMatchObject({ code: Code.UNAVAILABLE });
    expect(performance.now() - startMs).toBeLessThan(700);
    const timeouts = client.received.map(([, options]) => (options as { timeout: number }).timeout);
    expect(timeouts).toEqual(timeouts.toSorted((a, b) => b - a));
    expect(timeouts.length).toBeGreaterThan(1);
    expect(timeouts.every((ms) => ms > 0 && ms <= 600)).toBe(true);
  });

  it.each([
    { name: 'looking for credentials', client: () => new StubClient([answers('x')], never) },
    { name: 'the call', client: () => new StubClient([never]) },
  ])('end in time when $name does not', async ({ client }) => {
    const calls = new UnaryCalls(client, 100);
    const failed = calls.call('act', {}, { routing: ROUTING });
    await expect(failed).rejects.toMatchObject({ code: Code.DEADLINE_EXCEEDED });
    await calls.close();
  });

  it('start with a new client after one that found no credentials', async () => {
    const clients = [
      new StubClient([answers('never')], fails(Code.UNAUTHENTICATED)),
      new StubClient([answers('done')]),
    ];
    let made = 0;
    const calls = new UnaryCalls(() => clients[made++] as StubClient, 1_000);
    await expect(calls.call('act', {}, { routing: ROUTING })).rejects.toThrow('no');
    expect(await calls.call('act', {}, { routing: ROUTING })).toBe('done');
    expect(await calls.call('act', {}, { routing: ROUTING })).toBe('done');
    expect(made).toBe(2);
  });

  it('are waited for at close', async () => {
    const answered = Promise.withResolvers<unknown>();
    const client = new StubClient([() => answered.promise]);
    const calls = new UnaryCalls(() => client, 1_000);
    const call = calls.call('act', {}, { routing: ROUTING });
    const closing = calls.close();
    await Promise.resolve();
    expect(client.closed).toBe(0);
    answered.resolve(['done']);
    expect(await call).toBe('done');
    await closing;
    expect(client.closed).toBe(1);
  });
});
