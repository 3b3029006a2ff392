import type { WebhookMethod } from '#adapters/kit/adapter.ts';

/** Name in URLs and rows. */
export const PROVIDER = 'custom';
export const TITLE = 'Custom';

/** Methods a definition can ask for. GET is for handshakes alone. */
export const METHODS: readonly WebhookMethod[] = ['GET', 'POST', 'PUT', 'PATCH'];

/** Stable words for the request log; docs/providers/custom.md explains them. */
export const SKIP_REASONS = [
  'invalid_item',
  'missing_type',
  'unknown_type',
  'condition_failed',
  'input_schema',
  'invalid_entity',
  'invalid_occurred_at',
  'invalid_decimal',
  'invalid_field',
  'output_schema',
  'repeated_in_batch',
] as const;

export type SkipReason = (typeof SKIP_REASONS)[number];
