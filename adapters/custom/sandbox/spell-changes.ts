import { jsonDecimal } from '#adapters/kit/sandbox/json-decimal.ts';
import type { Amount, Order, ShopChange } from './change.ts';

/** The body of a request: amounts are JSON numbers with two decimals, such as 19.90. */
export function spellChanges(changes: readonly ShopChange[]): Buffer {
  const spelled = changes.map(({ order, ...change }) =>
    order === undefined ? change : { ...change, order: spellOrder(order) },
  );
  return Buffer.from(JSON.stringify({ changes: spelled }));
}

function spellOrder({ total, refunded, ...order }: Order): Record<string, unknown> {
  return { ...order, total: spellAmount(total), refunded: spellAmount(refunded) };
}

function spellAmount({ cents }: Amount): unknown {
  const digits = String(cents).padStart(3, '0');
  return jsonDecimal(`${digits.slice(0, -2)}.${digits.slice(-2)}`);
}
