// Live events over a real connection and the in-process bus; see api-app.ts.
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CanonicalEvent } from '#schemas/event.ts';
import { EVENTS_TOPIC } from '#schemas/topics.ts';
import { EventMessage } from '#services/outbox/event-message.ts';
import { testEvent } from '#services/outbox/events.test-support.ts';
import { eventMessages } from '../../cli/event-stream.ts';
import { API_TOKEN, type ApiApp, openApi, TENANT } from './api-app.ts';

let stack: AsyncDisposableStack;
let api: ApiApp;
let url: string;

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  api = await openApi(stack);
  await api.server.listen({ host: '127.0.0.1', port: 0 });
  url = `http://127.0.0.1:${(api.server.server.address() as AddressInfo).port}`;
});
afterEach(() => stack.disposeAsync());

async function open(): Promise<Response> {
  const aborting = new AbortController();
  stack.defer(() => aborting.abort());
  const headers = { authorization: `Bearer ${API_TOKEN}` };
  const { signal } = aborting;
  const response = await fetch(`${url}/v1/events/stream`, { headers, signal });
  expect([response.status, response.headers.get('content-type')]).toEqual([
    200,
    'text/event-stream',
  ]);
  return response;
}

const own = (index: number) => testEvent(index, { tenant_id: TENANT });
const publish = (...events: CanonicalEvent[]) =>
  api.bus.publish(
    EVENTS_TOPIC,
    events.map((event) => new EventMessage(event)),
  );

describe('GET /v1/events/stream', () => {
  it('gives the events of the tenant as they pass, and ends when the server closes', async () => {
    const stream = eventMessages((await open()).body);
    const awkward = own(3);
    const events = [
      own(1),
      own(2),
      { ...awkward, payload: { text: 'a\n\nb\r\nid: x\ndata: y 🚀' } },
    ];
    await publish(...events.slice(0, 1), testEvent(9, { tenant_id: 'other' }), ...events.slice(1));
    const received: CanonicalEvent[] = [];
    for (let count = 0; count < events.length; count += 1) {
      received.push(JSON.parse((await stream.next()).value ?? ''));
    }
    expect(received).toEqual(events);

    const closing = api.server.close();
    await expect(stream.next()).resolves.toMatchObject({ done: true });
    await closing;
  });

  it('gives every reader every event, and goes on without one who left', async () => {
    const staying = eventMessages((await open()).body);
    const leaving = await open();
    await publish(own(1));
    const first = JSON.parse((await staying.next()).value ?? '');
    expect(first.event_id).toBe(own(1).event_id);
    await leaving.body?.cancel();
    for (const index of [2, 3, 4]) await publish(own(index));
    const ids = [];
    for (let count = 0; count < 3; count += 1) {
      ids.push(JSON.parse((await staying.next()).value ?? '').event_id);
    }
    expect(ids).toEqual([2, 3, 4].map((index) => own(index).event_id));
  });

  it('tells a reader that is far behind how much it missed, instead of keeping it all', async () => {
    const response = await open();
    const large = 'x'.repeat(256 * 1024);
    // Until the socket takes no more: nobody reads.
    for (let index = 0; index < 100; index += 1) {
      await publish({ ...own(index), payload: { large } });
    }
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    let published = 100;
    while (!text.includes('event: missed')) {
      const { value = '' } = (await reader?.read()) ?? {};
      text += value;
      if (!text.endsWith('\n\n')) continue;
      await publish({ ...own(published), payload: {} });
      published += 1;
    }
    const missed = Number(/event: missed\ndata: \{"count":(\d+)\}/.exec(text)?.[1]);
    const before = text.slice(0, text.indexOf('event: missed'));
    const given = before.match(/^id: /gm)?.length ?? 0;
    expect(missed).toBeGreaterThan(0);
    expect(given + missed).toBeGreaterThanOrEqual(100);
    expect(given + missed).toBeLessThanOrEqual(published);
    await reader?.cancel();
  });

  it('does not hold up the shutdown when its reader has stopped reading', async () => {
    const { port } = api.server.server.address() as AddressInfo;
    const reader = connect(port, '127.0.0.1');
    stack.defer(() => void reader.destroy());
    reader.write(
      `GET /v1/events/stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${API_TOKEN}\r\n\r\n`,
    );
    await once(reader, 'data');
    reader.pause();
    // More than the operating system takes on both sides, at its pace.
    const large = 'x'.repeat(256 * 1024);
    for (let index = 0; index < 200; index += 1) {
      await publish({ ...own(index), payload: { large } });
      await setImmediate();
    }
    const startedAt = performance.now();
    await api.server.close();
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });
});
