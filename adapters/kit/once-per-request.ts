import type { WebhookRequest } from './adapter.ts';

/**
 * Makes a reader read each request once, for what both verification and mapping have to parse. What
 * was read is forgotten with the request; what throws is not kept.
 */
export function oncePerRequest<Value>(
  read: (request: WebhookRequest) => Value,
): (request: WebhookRequest) => Value {
  const values = new WeakMap<WebhookRequest, { readonly value: Value }>();
  return (request) => {
    const before = values.get(request);
    if (before !== undefined) return before.value;
    const value = read(request);
    values.set(request, { value });
    return value;
  };
}
