import type { WebhookRequest } from '#adapters/kit/adapter.ts';
import { parseJsonBody } from '#adapters/kit/json-body.ts';

/** Parses the body of a request as JSON, with exact numbers. @throws InvalidJson */
export type ReadJson = (request: WebhookRequest) => unknown;

/**
 * Makes a parser that parses each request once: a notification is read for its channel, whose id is
 * longer than a double, and again to be mapped. What was read is forgotten with the request.
 */
export function makeReadJson(): ReadJson {
  const read = new WeakMap<WebhookRequest, { readonly value: unknown }>();
  return (request) => {
    const before = read.get(request);
    if (before !== undefined) return before.value;
    const value = parseJsonBody(request.body);
    read.set(request, { value });
    return value;
  };
}
