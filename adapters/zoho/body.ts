import type { WebhookRequest } from '#adapters/kit/adapter.ts';
import { parseJsonBody } from '#adapters/kit/json-body.ts';
import { oncePerRequest } from '#adapters/kit/once-per-request.ts';

/** Parses the body of a request as JSON, with exact numbers. @throws InvalidJson */
export type ReadJson = (request: WebhookRequest) => unknown;

/**
 * Makes a parser that parses each request once: a notification is read for its channel, whose id is
 * longer than a double, and again to be mapped.
 */
export function makeReadJson(): ReadJson {
  return oncePerRequest(({ body }) => parseJsonBody(body));
}
