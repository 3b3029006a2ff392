import type { WebhookRequest } from '#adapters/kit/adapter.ts';

/** A webhook call and where it was addressed to. */
export interface Call {
  readonly provider: string;
  readonly connectionId: string;
  readonly remoteAddress: string;
  readonly request: WebhookRequest;
}
