import { expect, it } from 'vitest';
import type { EventDraft } from './adapter.ts';
import { invalidItem, mapItems } from './batch.ts';

const draft = (dedupeKey: string): EventDraft => ({
  eventType: 'deal.updated',
  entityType: 'deal',
  entityId: '1',
  occurredAtMs: 0,
  actor: null,
  payload: {},
  dedupeKey,
});

/** An item is the dedupe keys of its drafts; one without any becomes no event; null is bad. */
const map = (item: readonly string[] | null) =>
  item === null ? invalidItem('it is not an object') : item.map(draft);

it('keeps the good items of a batch, in order, and says where the others stand', () => {
  const { drafts, skipped } = mapItems([['a', 'b'], null, [], ['c'], ['a', 'x'], ['d']], map);
  expect(drafts.map(({ dedupeKey }) => dedupeKey)).toEqual(['a', 'b', 'c', 'd']);
  expect(skipped).toEqual([
    {
      pointer: '/1',
      reason: 'invalid_item',
      detail: 'Not a notification: it is not an object.',
    },
    {
      pointer: '/4',
      reason: 'repeated_in_batch',
      detail: 'The same change stands earlier in this body.',
    },
  ]);
});

it('names places as the caller does', () => {
  const { skipped } = mapItems([null], map, (index) => `/ids/${index}`);
  expect(skipped.map(({ pointer }) => pointer)).toEqual(['/ids/0']);
});
