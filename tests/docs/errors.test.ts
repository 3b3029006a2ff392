// Holds docs/errors.md and the code together: problems, reasons of refusals and of skipped items.
import { expect, it } from 'vitest';
import { PROBLEM_KINDS } from '#schemas/problems.ts';
import { quotedWords, read, tableRows } from './documents.ts';

const errors = read('docs/errors.md');

it('the table lists every problem, in the order of declaration, with status and next step', () => {
  const rows = tableRows(errors, 'code', 'status', 'next');
  expect(rows.map(([code, status, next]) => ({ code, status, next }))).toStrictEqual(
    PROBLEM_KINDS.map(({ code, status, next }) => ({ code, status: String(status), next })),
  );
});

it('every code is used once', () => {
  expect(new Set(PROBLEM_KINDS.map(({ code }) => code)).size).toBe(PROBLEM_KINDS.length);
});

it('the table lists every reason of a refusal', () => {
  const reasons = [
    ...quotedWords(read('adapters/kit/adapter.ts'), /type RefusalReason =([^;]*);/g),
    ...quotedWords(read('services/intake/receive.ts'), /new NotVerifiedBecause\(([^)]*)\)/g),
  ];
  const listed = tableRows(errors, 'reason', 'meaning, and what to look for').map(([word]) => word);
  expect(listed.toSorted()).toStrictEqual(reasons.toSorted());
});

const SKIPPING = [
  {
    adapter: 'hubspot',
    reasons: [
      ...quotedWords(read('adapters/hubspot/map-notification.ts'), /readonly reason:([^;]*);/g),
      ...quotedWords(read('adapters/hubspot/webhook.ts'), /\breason:([^,]*),/g),
    ],
  },
  {
    adapter: 'custom',
    reasons: quotedWords(read('adapters/custom/item.ts'), /type SkipReason =([^;]*);/g),
  },
];

it.each(SKIPPING)('the table lists every reason $adapter skips an item for', (skipping) => {
  const rows = tableRows(errors, 'reason', 'adapter', 'meaning');
  const listed = rows.filter(([, adapters]) => adapters?.split(', ').includes(skipping.adapter));
  const words = listed.map(([reason]) => reason);
  expect(words.toSorted()).toStrictEqual([...new Set(skipping.reasons)].toSorted());
});
