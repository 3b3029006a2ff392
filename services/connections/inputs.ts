import { z } from 'zod';
import { InvalidRequest } from '#schemas/problems.ts';
import { isStorableJson, isStorableText, NOT_STORABLE } from './storable.ts';

export const idParams = z.object({
  id: z.string().max(100).refine(isStorableText, NOT_STORABLE).describe('Id of the connection.'),
});

export const nameSchema = z.string().trim().min(1).max(100).refine(isStorableText, NOT_STORABLE);

export const settingsSchema = z
  .record(z.string(), z.unknown())
  .refine(isStorableJson, NOT_STORABLE)
  .describe('What the provider can be set to: GET /v1/providers lists it.');

const LABEL_KEY = /^[a-z][a-z0-9_.-]{0,62}$/;
const MAX_LABELS = 32;

export const labelsSchema = z
  .record(
    z.string().regex(LABEL_KEY, 'use a lower-case letter, then letters, digits and . _ -'),
    z.string().max(200).refine(isStorableText, NOT_STORABLE),
  )
  .refine((labels) => Object.keys(labels).length <= MAX_LABELS, {
    message: `a connection has at most ${MAX_LABELS} labels`,
  })
  .describe('Words of your own, to find connections by.');

/**
 * Labels as a query gives them, each `key:value`.
 *
 * @throws InvalidRequest when one has no colon
 */
export function parseLabels(
  given: string | readonly string[] | undefined,
): Record<string, string> | undefined {
  if (given === undefined) return undefined;
  const pairs = (typeof given === 'string' ? [given] : given).map((text) => {
    const colon = text.indexOf(':');
    if (colon < 1) throw new InvalidRequest('Write a label as key:value.');
    return [text.slice(0, colon), text.slice(colon + 1)] as const;
  });
  return Object.fromEntries(pairs);
}
