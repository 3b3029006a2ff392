// Holds the table of metrics in docs/operations.md and a running server together. Real: everything.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Product, type Serving } from '../e2e/product.ts';
import { read, tableRows } from './documents.ts';

const TOKEN = 'a-token-of-at-least-twenty-letters';

let stack: AsyncDisposableStack;
let serving: Serving;
beforeAll(async () => {
  stack = new AsyncDisposableStack();
  const product = await Product.inNewFolder(stack);
  serving = await product.serve({ TRIBUTARY_API_TOKEN: TOKEN });
}, 60_000);
afterAll(() => stack.disposeAsync());

it('the table lists every metric, with its kind and its help', async () => {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const answer = await fetch(`${serving.url}/metrics`, { headers });
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
  const text = await answer.text();
  const kinds = new Map(
    [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, kind]) => [name, kind]),
  );
  const served = [...text.matchAll(/^# HELP (\S+) (.*)$/gm)].map(([, name, help]) => [
    name,
    kinds.get(name),
    help,
  ]);
  expect(served.length).toBeGreaterThan(5);
  const rows = tableRows(read('docs/operations.md'), 'metric', 'kind', 'labels', 'meaning');
  const listed = rows.map(([name, kind, , help]) => [name, kind, help]);
  expect(listed.toSorted()).toEqual(served.toSorted());
});

it('shows what the product itself runs: its resolver goes on', async () => {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const text = await (await fetch(`${serving.url}/metrics`, { headers })).text();
  expect(text).toContain('tributary_consumer_stopped{consumer="resolver"} 0');
  expect(text).toContain('tributary_consumer_backlog_messages{consumer="resolver"} 0');
});

it('are shown to nobody without the token, where the API is served', async () => {
  const answer = await fetch(`${serving.url}/metrics`);
  expect([answer.status, await answer.json()]).toMatchObject([401, { code: 'not_authenticated' }]);
});
