import { z } from 'zod';
import { FIELDS } from './field-meta.ts';

const MAX_LENGTH = 4_096;

/** An API key as it is pasted: what goes into a header, without the spaces around it. */
export function apiKey(help: string) {
  return z
    .string()
    .max(MAX_LENGTH)
    .trim()
    .regex(/^[\x21-\x7e]+$/, 'Give the key itself: printable ASCII characters without spaces.')
    .describe(help)
    .register(FIELDS, { label: 'API key', group: 'account', secret: true });
}
