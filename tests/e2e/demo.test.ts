// The demo as README starts it, shortened. Real: the product and its sandbox CRM, in one process.
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Product } from './product.ts';

let stack: AsyncDisposableStack;
let product: Product;

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  product = await Product.inNewFolder(stack);
});
afterAll(() => stack.disposeAsync());

/** Empty variables count as not set: the demo chooses its own folders. */
const env = { TRIBUTARY_DATA_DIR: '', TRIBUTARY_KEY_DIR: '' };

it('shows events as they pass, ends by itself, and finds nothing missing', async () => {
  const { exitCode, stdout, stderr } = await product.run(['demo', '--seconds', '3'], { env });
  expect([exitCode, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(/Tributary runs at http/);
  expect(stdout).toMatch(/on the bus, 1 row in the outbox {2}/);
  const [, acknowledged, inOutbox, missing] =
    /-- Audit: (\d+) events acknowledged, (\d+) of them in the outbox, (\d+) missing\n$/.exec(
      stdout,
    ) ?? [];
  expect(Number(acknowledged)).toBeGreaterThan(5);
  expect([inOutbox, missing]).toEqual([acknowledged, '0']);
  // Its data is where it said, and nowhere else.
  await expect(access(join(product.dir, '.tributary', 'demo', 'data'))).resolves.toBeUndefined();
}, 30_000);
