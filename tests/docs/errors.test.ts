// Holds docs/errors.md and the code together: problems, reasons of refusals and of skipped items.
import { expect, it } from 'vitest';
import { adaptersByProvider } from '#adapters/registry.ts';
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

const adapters = [...adaptersByProvider().values()];

it.each(adapters)('the table lists every reason $provider skips an item for', (adapter) => {
  const rows = tableRows(errors, 'reason', 'adapter', 'meaning');
  const listed = rows.filter(([, names]) => names?.split(', ').includes(adapter.provider));
  const words = listed.map(([reason]) => reason);
  expect(words.toSorted()).toStrictEqual(adapter.skipReasons.toSorted());
});
