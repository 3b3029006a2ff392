import { z } from 'zod';
import { isStorableText } from '../connections/storable.ts';
import { DEAD_LETTER_STATES } from './dead-letter.ts';

const text = z
  .string()
  .min(1)
  .max(256)
  .refine(isStorableText, 'holds a character that no field can hold');

/** Which dead letters: those that agree with every field given. */
export const filterFields = {
  consumer: text.optional(),
  state: z
    .enum(DEAD_LETTER_STATES)
    .optional()
    .describe(
      'retrying: attempts failed, the bus brings it again. open: given up, waits for somebody. retried: published again. dropped: nobody wants it any more. resolved: it has acted after all.',
    ),
  event_type: text.optional().describe('For example deal.won.'),
  connection_id: text.optional(),
  entity_type: text.optional(),
  entity_id: text.optional(),
  reason: text.optional().describe('Of the last failure, as shown: for example TypeError.'),
};

export const filterSchema = z.strictObject(filterFields);
export type DeadLetterFilter = z.infer<typeof filterSchema>;

/**
 * The filter as a condition on `dead_letters`.
 *
 * @param firstValue number of the first of its values in the statement
 */
export function condition(
  tenantId: string,
  filter: DeadLetterFilter,
  firstValue = 1,
): { readonly sql: string; readonly values: readonly string[] } {
  const fields = Object.keys(filterFields) as (keyof DeadLetterFilter)[];
  const given = fields.flatMap((field) => {
    const value = filter[field];
    return value === undefined ? [] : [[field as string, value] as const];
  });
  const all = [['tenant_id', tenantId] as const, ...given];
  return {
    sql: all.map(([field], index) => `${field} = $${firstValue + index}`).join(' AND '),
    values: all.map(([, value]) => value),
  };
}

/** True for the text of a letter's sequence, which cursors are made of. */
export function isSequence(text: string): boolean {
  return /^\d{1,18}$/.test(text);
}
