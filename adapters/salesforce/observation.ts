import type { EventDraft } from '#adapters/kit/adapter.ts';
import { invalidItem, type Refusal } from '#adapters/kit/batch.ts';
import { findInexact } from '#schemas/exact.ts';
import { type EntityType, observed } from './definition.ts';

type Observed = Omit<EventDraft, 'eventType' | 'entityType'> & { readonly entityType: EntityType };

/** The one draft of a record that was observed, unless JSON cannot carry its payload exactly. */
export function observation(draft: Observed): EventDraft[] | Refusal {
  const fault = findInexact(draft.payload);
  if (fault !== undefined) return invalidItem(`the item cannot be a payload: ${fault.message}`);
  return [{ ...draft, eventType: observed(draft.entityType) }];
}
