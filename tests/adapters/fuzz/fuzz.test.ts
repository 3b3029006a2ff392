// The short form of the fuzz; the long one is main.ts. What it asserts stands in fuzz-run.ts.
import { describe, expect, it } from 'vitest';
import type { Adapter, BoundAdapter, WebhookResult } from '#adapters/kit/adapter.ts';
import { adaptersByProvider } from '#adapters/registry.ts';
import { fuzz } from './fuzz-run.ts';

const adapters = [...adaptersByProvider().values()];

it.each(adapters)('$provider withstands mutated requests', (adapter) => {
  // Short bodies, so that all adapters take seconds; the long form goes up to the server's limit.
  const report = fuzz(adapter, { requests: 1_500, seed: 1, maxBodyBytes: 16_384 });
  expect(report.faults).toEqual([]);
  // Mutations that all end in one refusal or problem would test nothing.
  expect(Object.keys(report.refused).length).toBeGreaterThan(1);
  expect(report.parsed).toBeGreaterThan(100);
});

describe('the fuzz finds an adapter that', () => {
  const [adapter] = adapters as [Adapter];
  const webhookWith =
    (change: (result: WebhookResult) => WebhookResult) => (bound: BoundAdapter) => ({
      ...bound,
      webhook: (...request: Parameters<BoundAdapter['webhook']>) =>
        change(bound.webhook(...request)),
    });
  const draftsWith = (change: object) =>
    webhookWith((result) => ({
      ...result,
      drafts: result.drafts.map((draft) => ({ ...draft, ...change })),
    }));

  const faulty: readonly [
    does: string,
    bind: (bound: BoundAdapter) => BoundAdapter,
    says: RegExp,
    requests?: number,
  ][] = [
    ['verifies everything', (b) => ({ ...b, verify: () => ({ verified: true }) }), /not signed/],
    [
      'looks at no time',
      (b) => ({
        ...b,
        verify: (request, secrets) => {
          const stated = Number(request.headers['x-hubspot-request-timestamp']);
          const receivedAtMs = Number.isFinite(stated) ? stated : request.receivedAtMs;
          return b.verify({ ...request, receivedAtMs }, secrets);
        },
      }),
      /forgets the time/,
    ],
    [
      'verifies the beginning of the body only',
      (b) => ({
        ...b,
        verify: (request, secrets) => {
          const end = request.body.lastIndexOf(']') + 1;
          return b.verify({ ...request, body: request.body.subarray(0, end) }, secrets);
        },
      }),
      /not signed/,
    ],
    [
      'throws in verify',
      (b) => ({
        ...b,
        verify: (request, secrets) =>
          b.verify({ ...request, url: new URL(request.url).href }, secrets),
      }),
      /verify threw TypeError: Invalid URL/,
    ],
    [
      'throws in webhook',
      (b) => ({ ...b, webhook: () => ({ ...(JSON.parse('x') as WebhookResult) }) }),
      /webhook threw SyntaxError/,
    ],
    ['makes no id', draftsWith({ entityId: '' }), /entityId is no id/],
    ['makes another type', draftsWith({ eventType: 'deal.levitated' }), /not in eventTypes/],
    ['makes no instant', draftsWith({ occurredAtMs: 1.5 }), /occurredAtMs 1.5/],
    ['makes doubles', draftsWith({ payload: { amount: 12.5 } }), /must be a string/],
    ['makes what is no JSON', draftsWith({ payload: new Map() }), /payload is not JSON/],
    [
      'skips for no reason',
      webhookWith((r) => ({ ...r, skipped: [{ pointer: '/0', reason: 'mood', detail: '' }] })),
      /mood is not in skipReasons/,
    ],
    [
      'takes its time',
      webhookWith((result) => {
        // Of its own: what others take of the machine does not count.
        for (const start = process.threadCpuUsage(); process.threadCpuUsage(start).user < 60_000; );
        return result;
      }),
      /webhook took/,
      2,
    ],
  ];

  it.each(faulty)('%s', (_does, change, says, requests = 300) => {
    const bind: Adapter['bind'] = (settings) => change(adapter.bind(settings));
    const report = fuzz({ ...adapter, bind }, { requests, seed: 1, maxBodyBytes: 4_096 });
    expect(report.faults.join('\n')).toMatch(says);
  });
});
