import type { Report } from '#adapters/kit/faults.ts';
import { parsePointer } from '#adapters/kit/json-pointer.ts';
import { findInexact } from '#schemas/exact.ts';
import { type DecimalField, normaliseDecimals } from './decimals.ts';
import type { SkipReason } from './definition.ts';
import type { ExtractDefinition } from './extract-schema.ts';
import { compileFields } from './fields.ts';
import { compileItemSchema } from './item-schema.ts';

type Payload = Readonly<Record<string, unknown>>;

/** A payload, or why the item has none. */
export type PayloadOutcome =
  | { readonly payload: Payload }
  | { readonly reason: SkipReason; readonly detail: string };

/**
 * Compiles what becomes of an item: `decimalFields`, then `fields` and `outputSchema`. Without
 * `fields` the item itself is the payload.
 *
 * @throws InvalidBody, when called, for an item that breaks an output schema whose onInvalid is fail
 */
export function compilePayload(
  { decimalFields, fields, keepSource, outputSchema }: ExtractDefinition,
  report: Report,
): (item: Payload) => PayloadOutcome {
  const decimals = decimalFields.map(({ pointer, scale }): DecimalField => {
    return { tokens: parsePointer(pointer) ?? [], scale };
  });
  const map = compileFields(fields, report);
  const breaksSchema = compileItemSchema(outputSchema, 'outputSchema', report);
  if (fields.length === 0 && outputSchema !== undefined) {
    report('/definition/extract/outputSchema', 'needs fields: without them inputSchema does it');
  }
  if (fields.some(({ to }) => to === 'source') && keepSource) {
    report('/definition/extract/fields', 'may not make source, where the item as received stands');
  }
  return (item) => {
    const source = normaliseDecimals(item, decimals);
    if (typeof source === 'string') return { reason: 'invalid_decimal', detail: source };
    if (fields.length === 0) return { payload: source };
    const mapped = map(source);
    if (typeof mapped === 'string') return { reason: 'invalid_field', detail: mapped };
    const broken = breaksSchema(mapped);
    if (broken !== undefined) return { reason: 'output_schema', detail: broken };
    const payload = keepSource ? { ...mapped, source } : mapped;
    // Under `source` an item stands one level deeper than it came.
    const inexact = findInexact(payload);
    return inexact === undefined
      ? { payload }
      : { reason: 'invalid_item', detail: `The payload is ${inexact.message}.` };
  };
}
