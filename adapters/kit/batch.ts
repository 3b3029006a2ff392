import type { EventDraft, SkippedItem, WebhookResult } from './adapter.ts';

/** Why an item is no event. */
export type Refusal = Omit<SkippedItem, 'pointer'>;

const REPEATED: Refusal = {
  reason: 'repeated_in_batch',
  detail: 'The same change stands earlier in this body.',
};

/**
 * Maps the items of a batch, each for itself: one that is refused is skipped with its reason, and
 * the others stand. An item that repeats one before it, by the dedupe key of its first draft, is
 * skipped too.
 *
 * @param pointerOf where an item stands in the body: JSON Pointer, or how its document names places
 */
export function mapItems<Value>(
  items: readonly Value[],
  mapItem: (item: Value) => readonly EventDraft[] | Refusal,
  pointerOf: (index: number) => string = (index) => `/${index}`,
): WebhookResult {
  const drafts: EventDraft[] = [];
  const skipped: SkippedItem[] = [];
  const keys = new Set<string>();
  for (let index = 0; index < items.length; index += 1) {
    const outcome = mapItem(items[index] as Value);
    if (!isDrafts(outcome)) {
      skipped.push({ pointer: pointerOf(index), ...outcome });
      continue;
    }
    const key = outcome[0]?.dedupeKey;
    if (key === undefined) continue;
    if (keys.has(key)) {
      skipped.push({ pointer: pointerOf(index), ...REPEATED });
      continue;
    }
    keys.add(key);
    for (const draft of outcome) drafts.push(draft);
  }
  return { drafts, skipped };
}

function isDrafts(outcome: readonly EventDraft[] | Refusal): outcome is readonly EventDraft[] {
  return Array.isArray(outcome);
}

/** An item whose shape keeps it from being an event. @param detail what is wrong, without a full stop */
export function invalidItem(detail: string): Refusal {
  return { reason: 'invalid_item', detail: `Not a notification: ${detail}.` };
}
