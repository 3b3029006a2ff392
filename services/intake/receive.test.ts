// What HTTP does not show: the order in which events of requests at the same time are received. All
// refusals, over HTTP, are in tests/intake.
import { describe, expect, it } from 'vitest';
import { adaptersByProvider } from '#adapters/registry.ts';
import type { Secrets } from '#platform/secrets/secrets.ts';
import type { CanonicalEvent } from '#schemas/event.ts';
import { testConnection } from '../connections/connections.test-support.ts';
import { ConnectionDirectory } from '../connections/directory.ts';
import { SecretCache } from '../connections/secret-cache.ts';
import { FakeWarehouse } from '../outbox/fakes.test-support.ts';
import { ReceiptClock } from '../outbox/receipt-clock.ts';
import { RateLimiter } from '../rate-limiter.ts';
import type { Call } from './call.ts';
import { receive } from './receive.ts';
import { RequestLog } from './request-log.ts';

const SECRET = 'the-hubspot-client-secret';

function signedCall(connectionId: string): Call {
  const hubspot = adaptersByProvider().get('hubspot');
  if (!hubspot) throw new Error('there is no hubspot adapter');
  const url = `https://hooks.example.com/webhooks/hubspot/${connectionId}`;
  const [name = ''] = hubspot.samples;
  const settings = hubspot.settingsSchema.parse({});
  const signing = { name, settings, secret: SECRET, url, nowMs: Date.now(), sequence: 1 };
  const request = hubspot.sample(signing);
  return { provider: 'hubspot', connectionId, remoteAddress: '192.0.2.1', request };
}

describe('receive', () => {
  it('accepts in the order of receipt, also when the secret of an earlier request is slow', async () => {
    const slow = Promise.withResolvers<void>();
    const secrets = {
      versions: async (ref: string) => {
        if (ref === 'secret/slow') await slow.promise;
        return [{ version: 1, state: 'enabled', createdAtMs: 0 }];
      },
      access: async () => SECRET,
    } as unknown as Secrets;
    const directory = new ConnectionDirectory({
      load: async () => [testConnection('slow'), testConnection('quick')],
      adapters: adaptersByProvider(),
      onError: () => undefined,
    });
    await directory.refresh();
    // A clock by which no two moments are the same.
    const clock = new ReceiptClock(Date.now() + 1_000);
    let ticks = clock.nowMs();
    clock.nowMs = () => {
      ticks += 1;
      return ticks;
    };
    const log = new RequestLog({ warehouse: new FakeWarehouse(), onError: () => undefined });
    const accepted: CanonicalEvent[] = [];
    const intake = {
      accept: async (events: readonly CanonicalEvent[]) => {
        accepted.push(...events);
        return { accepted: events.length, duplicates: 0 };
      },
      clock,
      counts: { add: () => undefined },
      directory,
      limiter: new RateLimiter(1_000),
      log,
      secrets: new SecretCache(secrets),
    };

    const first = receive(signedCall('slow'), intake);
    await receive(signedCall('quick'), intake);
    slow.resolve();
    await first;
    await log.close();

    expect([...new Set(accepted.map((event) => event.connection_id))]).toEqual(['quick', 'slow']);
    const times = accepted.map((event) => event.received_at);
    expect(times).toEqual(times.toSorted());
    expect(new Set(times).size).toBe(2);
  });
});
